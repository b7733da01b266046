/**
 * `@opentelemetry/sdk-trace` 3.x beside a library that uses an older copy of the API: this file gets
 * the API 1.10 of its own workspace, and the library the 1.9 of the root.
 */

import { context, propagation, trace } from "@opentelemetry/api";
import * as sdk from "@opentelemetry/sdk-trace";
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import * as library from "../../../mod.ts";
import { initTracing } from "../../../src/tracing.ts";
import { libraryVersion, versionOf } from "../../runtimes/api_version.ts";
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

  test("says that the registered provider is used", async () => {
    assert.match(libraryVersion(), /^1\.9\./);
    assert.match(versionOf(propagation), /^1\.10\./);
    const stage = await register();
    const warnings = await warningsOf(() => initTracing({ env: {} }));
    assert.deepEqual(warnings, [
      "initTracing changed nothing: a tracer provider is registered already, and that one is used",
    ]);
    await stage.takeDown();
  });
});
