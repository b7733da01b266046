/**
 * Two copies of the API, of which the library's is the newer one. The registered provider gives it
 * only empty spans, as the API's rule of versions says; nothing else is lost, and it is said.
 */

import { context, propagation, trace } from "@opentelemetry/api";
import * as sdk from "@opentelemetry/sdk-trace";
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import * as olderLibrary from "../../../mod.ts";
import type * as tracingModule from "../../../src/tracing.ts";
import type * as apiVersionModule from "../../runtimes/api_version.ts";
import { versionOf } from "../../runtimes/api_version.ts";
import { warningsOf } from "../../runtimes/init_tracing.ts";
import { registerByHand } from "../by_hand.ts";
import type { Library, Stage } from "../stage.ts";
import { proveAllWithoutSpans } from "../what_holds_without.ts";

// The legs put the compiled library there, where it resolves the API 1.10.
const compiled = new URL("../../packages/otel3/.build/", import.meta.url);
const newer = async <T>(path: string): Promise<T> => await import(new URL(path, compiled).href);

const library = await newer<Library>("mod.js");
const { initTracing } = await newer<typeof tracingModule>("src/tracing.js");
const { libraryVersion } = await newer<typeof apiVersionModule>("tests/runtimes/api_version.js");

describe("with a provider of an older copy of the API than the library's", () => {
  let stage: Stage;
  before(async () => {
    stage = await registerByHand({ trace, context, propagation }, sdk, olderLibrary);
  });
  after(() => stage.takeDown());

  test("the user's own spans are recorded", async () => {
    const { span } = await stage.inSpan("POST /orders", () => Promise.resolve());
    assert.equal((await stage.spansOf(span.traceId, 1)).length, 1);
  });

  test("a job within the user's span costs no span, is not lost and has ids of its own", async () => {
    const queue = new library.JobQueue({ store: library.memory() });
    const { span, result } = await stage.inSpan("POST /orders", () => queue.enqueue("mail", "a"));
    assert.match(result.traceId, /^[0-9a-f]{32}$/);
    await queue.worker("mail", () => {}).tick();
    assert.equal((await queue.get(result.id))!.status, "completed");
    const names = (await stage.spansOf(span.traceId, 1)).map(({ name }) => name);
    assert.deepEqual(names, ["POST /orders"]);
    assert.deepEqual(await stage.spansOf(result.traceId, 0), []);
  });

  proveAllWithoutSpans(library);

  test("initTracing says through which version the provider is registered, and what to do", async () => {
    assert.match(libraryVersion(), /^1\.10\./);
    const registered = versionOf(propagation);
    assert.match(registered, /^1\.9\./);
    const warnings = await warningsOf(async () => {
      const tracing = await initTracing({ env: {} });
      await tracing.shutdown();
    });
    assert.deepEqual(warnings, [
      "initTracing changed nothing: a tracer provider is registered already, through " +
      `@opentelemetry/api ${registered}, and hammerwork's own, newer copy gets only empty spans ` +
      "from it: install one version for both (npm ls @opentelemetry/api)",
    ]);
  });
});
