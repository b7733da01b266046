import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { JobQueue, memory, timeline } from "../../mod.ts";
import { node } from "./job_nodes.ts";

describe("a timeline", () => {
  test("has each job's waiting and running, and marks what happened", () => {
    const part = node("part", { status: "running" }, { from: 150 }, [[160, undefined, "running"]]);
    const roots = [
      node("first", { status: "completed" }, { from: 100, to: 250 }, [
        [110, 130, "failed"],
        [230, 250, "completed"],
      ], [part]),
      node("second", { status: "ready", dependsOn: ["first"] }, { from: 100 }),
      node("third", { status: "blocked", dependsOn: ["first", "unknown"] }, { from: 100 }),
      node("doomed", { status: "failed" }, { from: 100, to: 255 }, [[250, 255, "timed_out"]]),
      node("dropped", {
        status: "cancelled",
        dependsOn: ["doomed"],
        error: { name: "JobCancelledError", message: "Its dependency failed" },
      }, { from: 100, to: 255 }),
      node("stopped", { status: "cancelled" }, { from: 100, to: 240 }, [[200, 240, "cancelled"]]),
    ];
    const times = timeline({
      roots,
      jobs: [],
      startedAt: new Date(100),
      finishedAt: undefined,
      nextCursor: undefined,
    }, 300);
    assert.deepEqual([times.from, times.to, times.roots.length], [100, 300, 6]);
    assert.deepEqual(
      [...times.rows.values()].map(({ job, level }) => [job.id, level]),
      [
        ["first", 0],
        ["part", 1],
        ["second", 0],
        ["third", 0],
        ["doomed", 0],
        ["dropped", 0],
        ["stopped", 0],
      ],
    );
    const shown = (id: string) => {
      const { from, to, isUnfinished, ranMs, waitedMs, note, marks } = times.rows.get(id)!;
      return [from, to, isUnfinished, ranMs, waitedMs, note, ...marks.map((one) => ({ ...one }))];
    };
    assert.deepEqual(shown("first"), [
      ...[100, 250, false, 40, 110, undefined],
      { type: "linked", at: 230 },
      { type: "retried", at: 130 },
    ]);
    const unfinished = { type: "unfinished", at: 300 };
    assert.deepEqual(shown("part"), [150, 300, true, 140, 10, undefined, unfinished]);
    const unblocked = { type: "unblocked", at: 250 };
    assert.deepEqual(shown("second"), [100, 300, true, 0, 200, undefined, unblocked, unfinished]);
    const note = "waiting for first unknown";
    assert.deepEqual(shown("third"), [100, 300, true, 0, 200, note, unfinished]);
    const failed = { type: "failed", at: 255 };
    assert.deepEqual(shown("doomed"), [100, 255, false, 5, 150, undefined, failed]);
    assert.deepEqual(shown("dropped"), [
      ...[100, 255, false, 0, 155, "cancelled: Its dependency failed"],
      { type: "unblocked", at: 255 },
      { type: "cancelled", at: 255 },
    ]);
    const cancelled = { type: "cancelled", at: 240 };
    assert.deepEqual(shown("stopped"), [100, 240, false, 40, 100, undefined, cancelled]);
    const [first, second] = times.rows.get("first")!.runs;
    assert.deepEqual([first!.from, first!.to, first!.isFailure, first!.isFatal], [
      ...[110, 130, true, false],
    ]);
    assert.equal(first!.linkedTraceId, undefined);
    assert.equal(second!.linkedTraceId, "b".repeat(32));
    assert.equal(times.rows.get("doomed")!.runs[0]!.isFatal, true);
  });

  test("is 1 ms long at least, and has no rows where there are no jobs", async () => {
    const queue = new JobQueue({ store: memory({ now: () => 1_000 }) });
    const { traceId, id } = await queue.enqueue("queue", 1);
    await queue.worker("queue", () => {}).tick();
    const { from, to, rows } = timeline(await queue.tree({ traceId }), 0);
    assert.deepEqual([from, to, rows.get(id)!.to], [1_000, 1_001, 1_000]);
    const none = timeline(await queue.tree({ correlationId: "none" }), 5);
    assert.deepEqual([none.from, none.to, none.roots.length, none.rows.size], [5, 6, 0, 0]);
  });

  test("has a blocked job's note, and a deep tree", async () => {
    const queue = new JobQueue({ store: memory() });
    const first = await queue.enqueue("queue", 1);
    const blocked = await queue.enqueue("queue", 1, { parent: first, dependsOn: [first] });
    let parent = blocked.id;
    for (let i = 0; i < 500; i++) parent = (await queue.enqueue("queue", i, { parent })).id;
    const { rows } = timeline(await queue.tree({ traceId: first.traceId }));
    assert.equal(rows.get(blocked.id)!.note, `waiting for ${first.id}`);
    assert.equal(rows.get(parent)!.level, 501);
  });
});
