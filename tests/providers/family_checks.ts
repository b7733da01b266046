/** What a handler enqueues and makes belongs to its own attempt, however long it waits before. */

import { strict as assert } from "node:assert";
import { all, assertBelow, aTimer, type Check, newQueue, one, spansOf } from "./check.ts";
import type { Stage, Traits } from "./stage.ts";

export const familyChecks: readonly Check[] = [
  {
    name: "what a handler enqueues through ctx hangs below its attempt, also after a timer",
    prove: (stage) =>
      proveChildHangsBelow(stage, async (_queue, enqueue) => {
        await aTimer();
        await enqueue("part", "c");
      }),
  },
  {
    name: "what a handler enqueues through the queue at once hangs below its attempt",
    applies: knowsItsCaller,
    prove: (stage) => proveChildHangsBelow(stage, async (queue) => void await queue("part", "c")),
  },
  {
    name: "what a handler enqueues through the queue after an await and a timer does too",
    applies: knowsItsCaller,
    prove: (stage) =>
      proveChildHangsBelow(stage, async (queue) => {
        await null;
        await aTimer();
        await queue("part", "c");
      }),
  },
  {
    name: "what a handler enqueues within a span of its own hangs below that span",
    applies: knowsItsCaller,
    prove: proveOwnSpanIsParent,
  },
  {
    name: "two interleaved jobs never mix: each one's children and spans are its own",
    prove: proveInterleaved,
  },
  {
    name: "the attempt is active in the handler, also after an await and a timer",
    applies: ({ context }) => context === "kept",
    prove: async (stage) => {
      const queue = newQueue(stage);
      await queue.enqueue("import", "a");
      const seen: (string | undefined)[] = [];
      let own: string | undefined;
      await queue.worker("import", async (_job, ctx) => {
        own = ctx.span.spanContext().spanId;
        seen.push(stage.activeSpan()?.spanId);
        await null;
        seen.push(stage.activeSpan()?.spanId);
        await aTimer();
        seen.push(stage.activeSpan()?.spanId);
      }).tick();
      assert.ok(own);
      assert.deepEqual(seen, [own, own, own]);
      assert.equal(stage.activeSpan(), undefined, "nothing is left active");
    },
  },
];

type EnqueuePart = (queueName: string, payload: string) => Promise<unknown>;

async function proveChildHangsBelow(
  stage: Stage,
  handle: (throughQueue: EnqueuePart, throughContext: EnqueuePart) => Promise<void>,
): Promise<void> {
  const queue = newQueue(stage);
  const parent = await queue.enqueue("import", "a");
  await queue.worker(
    "import",
    (_job, ctx) =>
      handle(
        (name, payload) => queue.enqueue(name, payload),
        (name, payload) => ctx.enqueue(name, payload),
      ),
  ).tick();
  await queue.worker("part", () => {}).tick();
  const spans = await spansOf(stage, parent.traceId, 4);
  assertBelow(one(spans, "send part"), one(spans, "process import"));
  assertBelow(one(spans, "process part"), one(spans, "send part"));
  assert.equal(one(spans, "process part").attributes["hammerwork.job.parent_id"], parent.id);
}

async function proveOwnSpanIsParent(stage: Stage): Promise<void> {
  const queue = newQueue(stage);
  const parent = await queue.enqueue("import", "a");
  await queue.worker("import", async () => {
    await stage.inSpan("read file", async () => void await queue.enqueue("part", "c"));
  }).tick();
  const spans = await spansOf(stage, parent.traceId, 4);
  const own = one(spans, "read file");
  assertBelow(own, one(spans, "process import"));
  assertBelow(one(spans, "send part"), own);
}

async function proveInterleaved(stage: Stage): Promise<void> {
  const queue = newQueue(stage);
  const parents = [await queue.enqueue("import", "a"), await queue.enqueue("import", "b")];
  let arrived = 0;
  let open = () => {};
  const bothAreHere = new Promise<void>((resolve) => open = resolve);
  await queue.worker("import", async ({ payload }, ctx) => {
    if (++arrived === 2) open();
    await bothAreHere;
    for (let i = 0; i < 3; i++) {
      await aTimer();
      await ctx.enqueue("part", payload);
      // Through the queue, the job is known only by where the call comes from.
      if (knowsItsCaller(stage)) await queue.enqueue("part", payload);
      if (stage.context === "kept") {
        assert.equal(stage.activeSpan()?.spanId, ctx.span.spanContext().spanId);
      }
    }
  }, { concurrency: 2 }).tick();
  assert.equal(arrived, 2);
  const partsEach = knowsItsCaller(stage) ? 6 : 3;
  for (const parent of parents) {
    const { status, payload } = (await queue.get(parent.id))!;
    assert.equal(status, "completed");
    const spans = await spansOf(stage, parent.traceId, 2 + partsEach);
    for (const send of all(spans, "send part")) assertBelow(send, one(spans, "process import"));
    const { jobs } = await queue.find({ traceId: parent.traceId });
    const parts = jobs.filter(({ queueName }) => queueName === "part");
    assert.equal(parts.length, partsEach);
    for (const part of parts) {
      assert.deepEqual([part.parentId, part.payload], [parent.id, payload]);
    }
  }
}

/** Without AsyncLocalStorage only `ctx` knows the running job. */
function knowsItsCaller({ context }: Traits): boolean {
  return context !== "none";
}
