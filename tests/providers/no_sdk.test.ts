/** No SDK: nothing is registered with OpenTelemetry's API. */

import { trace } from "@opentelemetry/api";
import assert from "node:assert/strict";
import { before, describe } from "node:test";
import * as library from "../../mod.ts";
import { proveAllWithoutSpans } from "./what_holds_without.ts";

describe("with no SDK", () => {
  before(() => {
    assert.equal(trace.getTracer("user").startSpan("nothing").isRecording(), false);
  });
  proveAllWithoutSpans(library);
});
