import assert from "node:assert/strict";
import { describe, mock, test } from "node:test";
import { bun } from "../legs/bun.ts";
import { deno } from "../legs/deno.ts";
import type { Leg } from "../legs/leg.ts";
import { latestNode } from "../legs/node.ts";
import { patienceSeconds, Progress } from "../legs/progress.ts";
import { workerd } from "../legs/workerd.ts";

const patienceMs = patienceSeconds * 1_000;

describe("a leg of the tests", () => {
  test("goes on as long as tests finish, however long it takes, and is ended when none does", () => {
    mock.timers.enable({ apis: ["setTimeout"] });
    try {
      const progress = new Progress("bun", bun.finishedTest);
      for (let minute = 0; minute < 60; minute++) {
        mock.timers.tick(patienceMs - 1);
        progress.read("(pass) a job is stored [0.1");
        progress.read("2ms]\n");
      }
      assert.equal(progress.finished, 60);
      assert.equal(progress.stalled.aborted, false);
      progress.read("what a test prints is no progress\n");
      mock.timers.tick(patienceMs);
      assert.equal(progress.stalled.aborted, true);
      progress.end();
    } finally {
      mock.timers.reset();
    }
  });

  const written: readonly (readonly [Leg, string])[] = [
    [latestNode, "\u001e\n  ✔ a job is sto\u001e\nred (1.2ms)\n"],
    [bun, "(pass) orders > a job is stored [1.20ms]\n(fail) orders > it is lost\n 1 pass\n"],
    [deno, "orders ...\n  a job is stored ... ok (1ms)\n  it is lost ... FAILED (2ms)\n"],
    [workerd, "✔ orders > a job is stored\n✖ orders > it is lost\n  Error: lost\n"],
  ];
  for (const [leg, output] of written) {
    test(`on ${leg.name} counts tests by what its runner writes`, () => {
      const progress = new Progress(leg.name, leg.finishedTest);
      progress.read(output);
      progress.end();
      assert.equal(progress.finished, 2);
    });
  }
});
