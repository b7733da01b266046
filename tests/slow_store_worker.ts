import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { job, JobQueue, type Store } from "../mod.ts";
import { slowStore, type Way, ways } from "./slow_store.ts";
import { inVirtualTime, type VirtualTime } from "./virtual_time.ts";

interface Work extends Record<string, unknown> {
  work: number;
  other: number;
}

/** A new store with its clock, and how to close it. */
export type OpenStore = (options: { now: () => number }) => Promise<{
  readonly store: Store;
  readonly close: () => Promise<void>;
}>;

const delays = [0, 20, 90, 110, 150, 250, 500, 1_000];
const numbers = (count: number) => Array.from({ length: count }, (_, n) => n);

/** Says that a worker runs its jobs however far away its store is. */
export function describeSlowStore(name: string, open: OpenStore): void {
  const farAway = (
    delayMs: number,
    way: Way,
    check: (
      far: ReturnType<typeof slowStore> & {
        readonly queue: JobQueue<Work>;
        readonly time: VirtualTime;
        readonly errors: Error[];
        readonly onError: (error: unknown) => void;
      },
    ) => Promise<void>,
  ) =>
    inVirtualTime(async (time) => {
      const { store, close } = await open({ now: time.now });
      const slow = slowStore(store, delayMs, { pause: time.pause, way });
      const errors: Error[] = [];
      try {
        await check({
          ...slow,
          time,
          errors,
          queue: new JobQueue<Work>({ store: slow.store }),
          onError: (error) => void errors.push(error as Error),
        });
      } finally {
        await close();
      }
    });

  describe(`a worker of ${name} that is far away`, () => {
    for (const delayMs of delays) {
      test(`runs each job once where ${delayMs} ms fit four times into the lease`, async () => {
        const leaseMs = Math.max(100, 4 * delayMs);
        for (const way of ways) {
          for (const concurrency of [1, 10]) {
            await farAway(delayMs, way, async ({ queue, time, errors, onError }) => {
              const ran: number[] = [];
              const worker = queue.worker("work", async ({ payload }) => {
                ran.push(payload);
                // One takes longer than the lease, some take no time at all.
                await time.pause(payload === 20 ? 1.5 * leaseMs : payload % 3);
              }, { concurrency, leaseMs, onError });
              await queue.enqueue(numbers(60).map((n) => job("work", n)));
              const { completed, leaseExpired } = await worker.tick();
              assert.deepEqual([completed, leaseExpired], [60, 0], way);
              assert.deepEqual(ran.sort((a, b) => a - b), numbers(60));
              assert.deepEqual(errors, []);
            });
          }
        }
      });

      test(`hands nearly nothing back at ${delayMs} ms`, async () => {
        await farAway(delayMs, "both", async ({ queue, time, counts }) => {
          await queue.enqueue(numbers(2_000).map((n) => job("work", n)));
          const worker = queue.worker("work", ({ payload }) => time.pause(payload % 5));
          assert.equal((await worker.tick()).completed, 2_000);
          assert.ok(10 * counts.released < counts.claimed, JSON.stringify(counts));
        });
      });
    }

    test("leaves no place empty while the store answers", async () => {
      const delayMs = 150;
      await farAway(delayMs, "both", async ({ queue, time, counts }) => {
        for (
          const [jobMs, count, concurrency] of [[20, 500, 1], [100, 1_000, 10], [2, 5_000, 10]]
        ) {
          await queue.enqueue(numbers(count!).map((n) => job("work", n)));
          const startedAt = time.now();
          const worker = queue.worker("work", () => time.pause(jobMs!), {
            concurrency: concurrency!,
          });
          assert.equal((await worker.tick()).completed, count);
          const leastMs = jobMs! * count! / concurrency!;
          // Until the pace of the jobs is known.
          const firstMs = 12 * delayMs;
          const tookMs = time.now() - startedAt;
          assert.ok(tookMs <= 1.1 * leastMs + firstMs, `${jobMs} ms: ${tookMs} of ${leastMs}`);
        }
        assert.ok(20 * counts.released < counts.claimed, JSON.stringify(counts));
      });
    });

    test("hears once that the lease is too short for this store, and runs its jobs", async () => {
      for (const [delayMs, leaseMs] of [[110, 300], [250, 600], [1_000, 2_000]]) {
        await farAway(delayMs!, "both", async ({ queue, time, errors, onError }) => {
          await queue.enqueue(numbers(20).map((n) => job("work", n)));
          const worker = queue.worker("work", () => time.pause(1), { leaseMs: leaseMs!, onError });
          for (let left = 20; left > 0;) left -= (await worker.tick()).completed;
          assert.equal(errors.length, 1, String(errors));
          assert.match(errors[0]!.message, new RegExp(`lease of ${leaseMs} ms is too short`));
        });
      }
    });

    test("starts what it may, and no more, with maxJobs", async () => {
      for (const delayMs of delays) {
        await farAway(delayMs, "both", async ({ queue }) => {
          await queue.enqueue(numbers(20).map((n) => job("work", n)));
          const worker = queue.worker("work", () => {}, { concurrency: 3 });
          for (const maxJobs of [1, 5, 14]) {
            assert.equal((await worker.tick({ maxJobs })).completed, maxJobs);
          }
        });
      }
    });

    test("says that a budget was over before the store had answered", async () => {
      await farAway(110, "both", async ({ queue, time, errors, onError, counts }) => {
        const { id } = await queue.enqueue("work", 1);
        const worker = queue.worker("work", () => time.pause(5), { onError });
        assert.equal((await worker.tick({ budgetMs: 50 })).released, 1);
        assert.match(errors[0]!.message, /^The budget of 50 ms was over before the store/);
        assert.equal((await queue.get(id))?.attempts, 0);
        await queue.enqueue(numbers(2_000).map((n) => job("work", n)));
        const before = counts.released;
        const { completed } = await worker.tick({ budgetMs: 1_000 });
        assert.ok(completed > 100 && completed < 2_000, String(completed));
        assert.ok(10 * (counts.released - before) < completed, JSON.stringify(counts));
      });
    });

    test("runs its jobs on an event loop that is busy for 200 ms at a time", async () => {
      for (const delayMs of [0, 20]) {
        for (const jobMs of [0, 1, 50]) {
          await farAway(delayMs, "both", async ({ queue, time, counts }) => {
            await queue.enqueue(numbers(1_000).map((n) => job("work", n)));
            const busy = setInterval(() => time.block(200), 210);
            const worker = queue.worker("work", () => jobMs > 0 ? time.pause(jobMs) : undefined);
            try {
              assert.equal((await worker.tick()).completed, 1_000);
            } finally {
              clearInterval(busy);
            }
            assert.ok(10 * counts.released < counts.claimed, JSON.stringify(counts));
          });
        }
      }
    });
  });
}
