import { context, propagation, trace } from "@opentelemetry/api";
import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";
import { JobQueue, memory } from "../../mod.ts";
import { providerVisibility } from "../../src/trace/api_copy.ts";
import { versionOf } from "./api_version.ts";
import { endTracing, init, record, warningsOf } from "./init_tracing.ts";

// Where every copy of the API looks for what is registered.
const REGISTRY = Symbol.for("opentelemetry.js.api.1");
const globals = globalThis as { [REGISTRY]?: Record<string, unknown> | undefined };

const before = globals[REGISTRY];

afterEach(async () => {
  await endTracing();
  globals[REGISTRY] = before;
});

/** As if a copy of this version had been here first, with a provider or without. */
function registerCopy(version: string, provider?: object): void {
  globals[REGISTRY] = { version, ...(provider && { trace: provider }) };
}

const foreign = { getTracer: () => ({ startSpan: () => {}, startActiveSpan: () => {} }) };
const remedy = "install one version for both (npm ls @opentelemetry/api)";

/** A neighbour of our own copy's version. */
function otherVersion(minorsAway: number): string {
  const [major, minor, patch] = versionOf(propagation).split(".").map(Number);
  return `${major}.${minor! + minorsAway}.${patch}`;
}

describe("initTracing alone", () => {
  it("has a provider that is seen", async () => {
    await init();
    assert.equal(providerVisibility(), "visible");
    assert.ok(trace.getTracer("test").startSpan("traced").isRecording());
  });
});

describe("initTracing beside another copy of the API", () => {
  it("that is older and has a provider says that no span is seen by it, and what to do", async () => {
    const registered = otherVersion(-1);
    registerCopy(registered, foreign);
    assert.equal(providerVisibility(), "hidden");
    const warnings = await warningsOf(() => init());
    assert.deepEqual(warnings, [
      "initTracing changed nothing: a tracer provider is registered already, through " +
      `@opentelemetry/api ${registered}, and hammerwork's own, newer copy gets only empty spans from ` +
      `it: ${remedy}`,
    ]);
    assert.equal(record("untraced").traceId, "0".repeat(32));
  });

  it("that is newer and has a provider says that this one is used", async () => {
    const registered = otherVersion(1);
    registerCopy(registered, foreign);
    assert.equal(providerVisibility(), "visible");
    const warnings = await warningsOf(() => init());
    assert.deepEqual(warnings, [
      "initTracing changed nothing: a tracer provider is registered already, and that one is used",
    ]);
  });

  it("that has registered something else says that ours can register nothing, and what to do", async () => {
    for (const registered of [otherVersion(-1), otherVersion(1)]) {
      registerCopy(registered);
      assert.equal(providerVisibility(), "none");
      const warnings = await warningsOf(() => init());
      assert.deepEqual(warnings, [
        `initTracing changed nothing: @opentelemetry/api ${registered} was first in this process, ` +
        `and hammerwork's own copy, of another version, can register nothing: ${remedy}`,
      ]);
    }
  });

  it("of the same version, with a provider of another's, says that this one is used", async () => {
    registerCopy(otherVersion(0), foreign);
    const warnings = await warningsOf(() => init());
    assert.deepEqual(warnings, [
      "initTracing changed nothing: a tracer provider is registered already, and that one is used",
    ]);
  });

  it("leaves what the other has registered alone", async () => {
    registerCopy(otherVersion(1), foreign);
    const held = globals[REGISTRY];
    await warningsOf(async () => {
      const tracing = await init();
      await tracing.forceFlush();
      await tracing.shutdown();
    });
    assert.equal(globals[REGISTRY], held);
    assert.deepEqual(Object.keys(held!), ["version", "trace"]);
    assert.equal(context.active(), context.active());
  });
});

describe("a worker beside another copy of the API", () => {
  it("says once that it makes no spans, and works all the same", async () => {
    const registered = otherVersion(-1);
    registerCopy(registered, { ...foreign });
    const queue = new JobQueue<{ jobs: number }>({ store: memory() });
    const worker = queue.worker("jobs", () => {});
    let completed = 0;
    const warnings = await warningsOf(async () => {
      for (let i = 0; i < 3; i++) {
        await queue.enqueue("jobs", i);
        completed += (await worker.tick()).completed;
      }
    });
    assert.equal(completed, 3);
    assert.deepEqual(warnings, [
      `hammerwork makes no spans: a tracer provider is registered through @opentelemetry/api ` +
      `${registered}, and hammerwork's own, newer copy gets only empty spans from it: ${remedy}`,
    ]);
  });

  it("says nothing where there is none, or one that it sees", async () => {
    const worker = new JobQueue({ store: memory() }).worker("jobs", () => {});
    assert.deepEqual(await warningsOf(() => worker.tick()), []);
    registerCopy(otherVersion(1), { ...foreign });
    assert.deepEqual(await warningsOf(() => worker.tick()), []);
  });
});
