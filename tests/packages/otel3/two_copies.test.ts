/**
 * `@opentelemetry/sdk-trace` 3.x beside a library that uses an older copy of the API: this file gets
 * the API 1.10 of its own workspace, and the library the 1.9 of the root.
 */

import { context, propagation, trace } from "@opentelemetry/api";
import * as sdk from "@opentelemetry/sdk-trace";
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import * as library from "../../../mod.ts";
import { apiVersions } from "../../../src/trace/api_copy.ts";
import { initTracing } from "../../../src/tracing.ts";
import { warningsOf } from "../../runtimes/init_tracing.ts";
import { byHand, registerByHand, type Sdk } from "../../providers/by_hand.ts";
import { proveAll } from "../../providers/prove_all.ts";
import { forgetRegistry } from "../../providers/registry.ts";
import type { Api } from "../../providers/user.ts";

// One interface in two versions, which to TypeScript are two.
const api = { trace, context, propagation } as unknown as Api;
const register = () => registerByHand(api, sdk as unknown as Sdk, library);

proveAll("sdk-trace 3.x and an older copy of the API in the library", byHand, register);

describe("initTracing beside a newer copy of the API", () => {
  after(forgetRegistry);

  test("says which versions met, and that the registered provider is used", async () => {
    const stage = await register();
    const { own, registered } = apiVersions();
    assert.match(own!, /^1\.9\./);
    assert.match(registered!, /^1\.10\./);
    const warnings = await warningsOf(() => initTracing({ env: {} }));
    assert.deepEqual(warnings, [
      "initTracing changed nothing: a tracer provider is registered already, through " +
      `@opentelemetry/api ${registered} (hammerwork's copy is ${own}), and that one is used`,
    ]);
    await stage.takeDown();
  });
});
