import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type JobNode, JobQueue, memory } from "../../mod.ts";
import { manualClock } from "../conformance/manual_clock.ts";

type Queues = Record<string, number>;

/** A tree as text: names and outcomes, children indented. */
const drawn = (nodes: readonly JobNode[], indent = ""): string =>
  nodes.map(({ job, attempts, children }) =>
    `${indent}${job.queueName}: ${attempts.map(({ outcome }) => outcome).join(", ")}\n` +
    drawn(children, `${indent}  `)
  ).join("");

describe("a tree of jobs", () => {
  test("has each job below its parent, with every attempt in order", async () => {
    const clock = manualClock();
    const queue = new JobQueue<Queues>({ store: memory({ now: clock.now }) });
    const startedAt = new Date(clock.now());
    const { traceId } = await queue.enqueue("import", 2, { correlationId: "batch-1" });
    await queue.worker("import", async ({ payload, attempts }, ctx) => {
      clock.pass(5);
      if (attempts === 1) throw new Error("not yet");
      for (let i = 0; i < payload; i++) await ctx.enqueue("part", i);
    }, { backoff: { type: "fixed", delayMs: 0 } }).tick();
    await queue.worker("part", ({ payload }, ctx) => {
      clock.pass(10);
      return payload === 0 ? void ctx.enqueue("mail", 1) : undefined;
    }, { concurrency: 1 }).tick();
    for (const filter of [{ traceId }, { correlationId: "batch-1" }]) {
      const tree = await queue.tree(filter);
      assert.equal(
        drawn(tree.roots),
        "import: failed, completed\n  part: completed\n    mail: \n  part: completed\n",
      );
      assert.deepEqual([
        tree.jobs.map(({ queueName }) => queueName),
        tree.startedAt,
        tree.finishedAt,
      ], [["import", "part", "mail", "part"], startedAt, undefined]);
    }
    const [root] = (await queue.tree({ traceId })).roots;
    assert.deepEqual(
      root!.attempts.map(({ attempt, error }) => [attempt, error?.message]),
      [[1, "not yet"], [2, undefined]],
    );
    await queue.worker("mail", () => {}).tick();
    const ended = await queue.tree({ traceId });
    assert.deepEqual(ended.finishedAt, new Date(clock.now()));
  });

  test("shows a running attempt as one without an end, a job of another's trace as a root", async () => {
    const queue = new JobQueue<Queues>({ store: memory() });
    const parent = await queue.enqueue("parent", 1);
    await queue.enqueue("child", 1, { parent: parent.id, traceId: crypto.randomUUID() });
    await queue.worker("parent", async () => {
      const { roots: [root] } = await queue.tree({ traceId: parent.traceId });
      assert.deepEqual(
        root!.attempts.map(({ outcome, finishedAt }) => [outcome, finishedAt]),
        [["running", undefined]],
      );
    }).tick();
    assert.equal((await queue.get(parent.id))?.status, "completed");
    const { jobs: [child] } = await queue.find({ queueName: "child" });
    const tree = await queue.tree({ traceId: child!.traceId });
    assert.equal(drawn(tree.roots), "child: \n");
  });

  test("is empty where nothing is found, and goes on page by page", async () => {
    const queue = new JobQueue<Queues>({ store: memory() });
    const none = await queue.tree({ correlationId: "none" });
    assert.deepEqual(none, {
      roots: [],
      jobs: [],
      startedAt: undefined,
      finishedAt: undefined,
      nextCursor: undefined,
    });
    for (let i = 0; i < 5; i++) await queue.enqueue("a", i, { correlationId: "order" });
    const first = await queue.tree({ correlationId: "order", limit: 3 });
    const rest = await queue.tree({ correlationId: "order", cursor: first.nextCursor });
    assert.deepEqual(
      [...rest.roots, ...first.roots].map(({ job }) => job.payload),
      [0, 1, 2, 3, 4],
    );
  });

  test("has as much of its jobs as is asked for, and the types say so", async () => {
    const queue = new JobQueue<Queues>({ store: memory() });
    const { traceId } = await queue.enqueue("a", 12);
    const whole = await queue.tree({ traceId });
    const payload: number = whole.roots[0]!.job.payload;
    const { roots: [bare] } = await queue.tree({ traceId, include: [] });
    const size: number = bare!.job.payloadBytes;
    // @ts-expect-error: it was left out
    const leftOut: unknown = bare!.job.payload;
    const { jobs: [found] } = await queue.find({ traceId, include: ["payload"] });
    const part: number = found!.payload;
    // @ts-expect-error: it was left out
    const result: unknown = found!.result;
    assert.deepEqual([payload, size, leftOut, part, result], [12, 2, undefined, 12, undefined]);
    const wrong = { include: ["payloads"] } as never;
    await assert.rejects(queue.find(wrong), {
      name: "RangeError",
      message: 'include must be a list of payload, result, stack: got "payloads"',
    });
  });
});
