import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type JobNode, timeline } from "../../mod.ts";
import { criticalPath, criticalPathText } from "../../src/queue/critical_path.ts";
import { node, treeOf } from "./job_nodes.ts";

function pathOf(roots: readonly JobNode[], to?: number, now?: number) {
  const path = criticalPath(timeline(treeOf(roots, to), now));
  const parts = path.map(({ row, type, from, to }) => `${row.job.queueName} ${type} ${to - from}`);
  return { parts, text: criticalPathText(path) };
}

describe("the critical path", () => {
  test("goes from the last end over dependencies to the first job, and tells waiting from running", () => {
    const completed = { status: "completed", parentId: "order" } as const;
    const roots = [
      node("order", { status: "completed" }, { from: 0, to: 175 }, [[100, 175, "completed"]], [
        node("payment", completed, { from: 150, to: 400 }, [[200, 400, "completed"]]),
        node("quick", completed, { from: 150, to: 190 }, [[180, 190, "completed"]]),
        node("mail", { ...completed, dependsOn: ["quick", "payment"] }, { from: 150, to: 3_440 }, [
          [3_400, 3_440, "completed"],
        ]),
      ]),
    ];
    const { parts, text } = pathOf(roots, 3_440);
    assert.deepEqual(parts, [
      "order worker 100",
      "order running 50",
      "payment worker 50",
      "payment running 200",
      "mail worker 3000",
      "mail running 40",
    ]);
    assert.equal(text, "3 s of 3.4 s waiting for a worker of mail, 200 ms running payment");
  });

  test("knows a delay and a retry from waiting for a worker", () => {
    const delayed = node("mail", { status: "completed", runAt: new Date(1_000) }, {
      from: 0,
      to: 1_050,
    }, [[1_030, 1_050, "completed"]]);
    assert.deepEqual(pathOf([delayed], 1_050).parts, [
      "mail time 1000",
      "mail worker 30",
      "mail running 20",
    ]);
    const retried = node("mail", { status: "completed", runAt: new Date(5_040) }, {
      from: 0,
      to: 5_360,
    }, [[20, 40, "failed"], [5_340, 5_360, "completed"]]);
    assert.deepEqual(pathOf([retried], 5_360).parts, [
      "mail worker 20",
      "mail running 20",
      "mail retry 5000",
      "mail worker 300",
      "mail running 20",
    ]);
  });

  test("of what has not ended leads to what it waits for", () => {
    const first = node("first", { status: "ready" }, { from: 0 });
    const second = node("second", { status: "blocked", dependsOn: ["first"] }, { from: 0 });
    assert.deepEqual(pathOf([first, second], undefined, 700).parts, ["first worker 700"]);
    const running = node("first", { status: "running" }, { from: 0 }, [[10, undefined, "running"]]);
    assert.deepEqual(pathOf([second, running], undefined, 700).parts, [
      "first worker 10",
      "first running 690",
    ]);
    const later = node("later", { status: "scheduled", runAt: new Date(60_000) }, { from: 0 });
    assert.deepEqual(pathOf([later], undefined, 500).parts, ["later time 500"]);
    const lost = node("lost", { status: "blocked", dependsOn: ["unknown"] }, { from: 0 });
    assert.deepEqual(pathOf([lost], undefined, 500).parts, ["lost dependencies 500"]);
    assert.deepEqual(pathOf([]), { parts: [], text: "" });
  });

  test("leads through a chain of thousands of jobs, and ends where jobs wait for each other", () => {
    const chain = Array.from(
      { length: 5_000 },
      (_, i) =>
        node(`${i}`, { status: "completed", dependsOn: i === 0 ? [] : [`${i - 1}`] }, {
          from: 0,
          to: 10 * i + 10,
        }, [[10 * i, 10 * i + 10, "completed"]]),
    );
    assert.equal(pathOf(chain, 50_000).parts.length, 5_000);
    const circle = ["a", "b"].map((id, i, all) =>
      node(id, { status: "blocked", dependsOn: [all[1 - i]!] }, { from: 0 })
    );
    assert.deepEqual(pathOf(circle, undefined, 10).parts, []);
  });
});
