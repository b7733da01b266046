import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { job, JobQueue, memory, WorkerPool } from "../../mod.ts";
import { slowStore } from "../slow_store.ts";
import { inVirtualTime } from "../virtual_time.ts";

type Letters = Record<string, number>;

const numbers = (count: number) => Array.from({ length: count }, (_, n) => n);

/** How many in a row were of one queue at most, while others had work. */
function longestRow(ran: readonly string[]): number {
  let longest = 0;
  let row = 0;
  ran.forEach((name, i) => {
    row = name === ran[i - 1] ? row + 1 : 1;
    longest = Math.max(longest, row);
  });
  return longest;
}

function countOf(ran: readonly string[], name: string): number {
  return ran.filter((one) => one === name).length;
}

describe("queues of a pool", () => {
  for (const queueCount of [2, 3, 5]) {
    test(`are served alike by ticks of one job each: ${queueCount}`, async () => {
      const names = numbers(queueCount).map((n) => `queue_${n}`);
      const queue = new JobQueue<Letters>({ store: memory() });
      await queue.enqueue(names.flatMap((name) => numbers(30).map((n) => job(name, n))));
      const ran: string[] = [];
      const workers = names.map((name) => queue.worker(name, () => ran.push(name)));
      // Others in the process turn nothing of this one.
      const other = new WorkerPool(workers.slice(1));
      const pool = new WorkerPool(workers);
      for (let n = 0; n < 12 * queueCount; n++) {
        assert.equal((await pool.tick({ maxJobs: 1 })).completed, 1);
        if (n % 5 === 4) await other.tick({ maxJobs: 1 });
      }
      const counts = names.map((name) => countOf(ran, name));
      assert.ok(Math.min(...counts) >= 12, String(counts));
    });
  }

  test("are both served when each tick makes a pool of its own", async () => {
    const queue = new JobQueue<Letters>({ store: memory() });
    await queue.enqueue(numbers(24).flatMap((n) => [job("a", n), job("b", n)]));
    const ran: string[] = [];
    for (let n = 0; n < 24; n++) {
      const workers = ["a", "b"].map((name) => queue.worker(name, () => ran.push(name)));
      assert.equal((await new WorkerPool(workers).tick({ maxJobs: 1 })).completed, 1);
    }
    // By chance not even once in four million.
    assert.ok(countOf(ran, "a") > 0 && countOf(ran, "b") > 0, ran.join(""));
  });

  for (const delayMs of [0, 5, 100]) {
    for (const concurrency of [1, 3]) {
      test(`take turns in ${concurrency} shared places at ${delayMs} ms, however quick`, async () => {
        await inVirtualTime(async (time) => {
          const { store } = slowStore(memory({ now: time.now }), delayMs, time);
          const queue = new JobQueue<Letters>({ store });
          const names = ["a", "b", "c"];
          await queue.enqueue(names.flatMap((name) => numbers(500).map((n) => job(name, n))));
          const ran: string[] = [];
          const workers = names.map((name) =>
            queue.worker(name, async () => {
              ran.push(name);
              await time.pause(1);
            })
          );
          assert.equal((await new WorkerPool(workers, { concurrency }).tick()).completed, 1_500);
          const together = ran.slice(0, 1_200);
          assert.ok(longestRow(together) < 24, String(longestRow(together)));
          for (const name of names) assert.ok(countOf(together, name) > 360, name);
        });
      });
    }
  }

  for (const delayMs of [0, 100]) {
    test(`take turns when one is quick and one slow, at ${delayMs} ms`, async () => {
      await inVirtualTime(async (time) => {
        const { store, counts } = slowStore(memory({ now: time.now }), delayMs, time);
        const queue = new JobQueue<Letters>({ store });
        await queue.enqueue(numbers(1_000).map((n) => job("quick", n)));
        await queue.enqueue(numbers(100).map((n) => job("slow", n)));
        const ran: string[] = [];
        const worker = (name: string, ms: number) =>
          queue.worker(name, async () => {
            ran.push(name);
            await time.pause(ms);
          });
        const pool = new WorkerPool([worker("quick", 1), worker("slow", 300)], { concurrency: 1 });
        await pool.tick();
        const both = ran.slice(0, ran.lastIndexOf("slow"));
        assert.ok(longestRow(both) < 24, String(longestRow(both)));
        assert.ok(3 * countOf(both, "quick") > both.length, String(countOf(both, "quick")));
        assert.ok(5 * counts.released < counts.claimed, JSON.stringify(counts));
      });
    });
  }

  test("that get work later are served soon", async () => {
    await inVirtualTime(async (time) => {
      const queue = new JobQueue<Letters>({ store: memory({ now: time.now }) });
      await queue.enqueue(numbers(1_500).map((n) => job("busy", n)));
      const ran: string[] = [];
      const worker = (name: string) =>
        queue.worker(name, async ({ payload }) => {
          ran.push(name);
          if (name === "busy" && payload === 1_000) await queue.enqueue("late", 1);
          await time.pause(1);
        });
      await new WorkerPool([worker("busy"), worker("late")], { concurrency: 1 }).tick();
      assert.ok(ran.indexOf("late") - 1_000 < 24, String(ran.indexOf("late")));
    });
  });
});
