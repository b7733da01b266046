/** Runs only compiled, from the copy that the legs make: there everything resolves OpenTelemetry 3.x. */

import { propagation } from "@opentelemetry/api";
import * as sdk from "@opentelemetry/sdk-trace";
import assert from "node:assert/strict";
import { test } from "node:test";
import { versionOf } from "../../../runtimes/api_version.ts";

test("where the tests of sdk-trace run once more, the API is 1.10 and the SDK is 3.x", () => {
  assert.match(versionOf(propagation), /^1\.10\./);
  // What of sdk-trace-web is left came to sdk-trace with 3.0.
  assert.ok("StackContextManager" in sdk);
});
