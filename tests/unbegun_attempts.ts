import assert from "node:assert/strict";
import { test } from "node:test";
import { job, type JobQueue } from "../mod.ts";
import { hasEnded } from "../src/job/status.ts";
import { until } from "./until.ts";

/** A process that works on a queue until it is killed. */
export interface Victim {
  /** Kills it as a crash would, and waits for its end. */
  readonly kill: () => Promise<void>;
  /** Waits for its end, however it comes. */
  readonly end: Promise<void>;
  /** The ids of the jobs that it started, each as often as it did. */
  readonly starts: () => readonly string[];
}

/** A store that processes share. */
export interface Place extends AsyncDisposable {
  readonly queue: JobQueue;
  /** Starts a process, and waits until it works. */
  readonly start: () => Promise<Victim>;
}

const timeout = 120_000;

/** What holds of processes that die in the middle of their work. The queue is named `orders`. */
export function testUnbegunAttempts(open: () => Promise<Place>): void {
  test(
    "6,000 quick jobs with one attempt survive the death of a worker",
    { timeout },
    async (t) => {
      const count = 6_000;
      await using place = await open();
      const { queue } = place;
      await queue.enqueue(
        Array.from({ length: count }, () => job("orders", {}, { maxAttempts: 1 })),
      );
      const victim = await place.start();
      await until("it is in the middle", 30_000, () => victim.starts().length > count / 3);
      await victim.kill();
      const heir = await place.start();
      await until("all have ended", 60_000, async () => await ended(queue) === count);
      await heir.kill();

      const starts = counted([...victim.starts(), ...heir.starts()]);
      const { jobs: failed } = await queue.find({ status: "failed", limit: 1_000 });
      const twice = [...starts.values()].filter((times) => times > 1).length;
      t.diagnostic(`${failed.length} failed, ${twice} started twice`);
      assert.equal(failed.filter(({ id }) => !starts.has(id)).length, 0, "None fails unstarted");
      assert.equal(starts.size, count, "Each is started");
      assert.ok([...starts.values()].every((times) => times <= 2), "None starts a third time");
    },
  );

  test("a poison pill dies of itself and takes no other job with it", { timeout }, async (t) => {
    await using place = await open();
    const { queue } = place;
    const innocent = Array.from({ length: 300 }, () => job("orders", {}, { maxAttempts: 1 }));
    const poison = job("orders", { isPoison: true }, {
      maxAttempts: 3,
      backoff: { type: "fixed", delayMs: 0 },
    });
    await queue.enqueue([...innocent.slice(0, 20), poison, ...innocent.slice(20)]);
    const victims: Victim[] = [];
    const isOver = async () => await ended(queue) === innocent.length + 1;
    while (!await isOver() && victims.length < 10) {
      const victim = await place.start();
      victims.push(victim);
      await Promise.race([
        victim.end,
        until("all have ended", 30_000, isOver).then(victim.kill),
      ]);
    }
    const starts = counted(victims.flatMap((victim) => victim.starts()));
    t.diagnostic(`the pill started ${starts.get(poison.id)} times`);
    assert.equal((await queue.get(poison.id))?.status, "failed");
    assert.ok(starts.get(poison.id)! <= 4, "It starts once more than it has attempts at most");
    const { jobs } = await queue.find({ status: "failed", limit: 1_000 });
    assert.deepEqual(jobs.map(({ id }) => id), [poison.id]);
  });
}

async function ended(queue: JobQueue): Promise<number> {
  const counts = (await queue.store.counts()).filter(({ status }) => hasEnded(status));
  return counts.reduce((sum, { count }) => sum + count, 0);
}

function counted(ids: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const id of ids) counts.set(id, (counts.get(id) ?? 0) + 1);
  return counts;
}
