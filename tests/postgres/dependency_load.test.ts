import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import client from "postgres";
import { job, JobQueue } from "../../mod.ts";
import { postgres } from "../../src/store/postgres.ts";
import { openTestDatabase, whyNoDatabase } from "./database.ts";
import type { Task } from "./programs/work.ts";
import { workforce } from "./workforce.ts";

type Queues = Record<"q1" | "q2", Task>;

const timeout = 120_000;
const forMs = 8_000;
const names = ["q1", "q2"] as const;

describe("jobs with dependencies under load", { skip: whyNoDatabase }, () => {
  test(
    "give no caller and no worker a deadlock, and none stays blocked",
    { timeout },
    async (t) => {
      await using database = await openTestDatabase();
      const { url } = database;
      await using queue = new JobQueue<Queues>({ store: await postgres(url) });
      const work = { url, queueNames: names, concurrency: 20, callTimeoutMs: 30_000 };
      await using workers = workforce(work);
      await workers.start(3);
      const until = performance.now() + forMs;
      const recent: string[] = [];
      const failing = () => ({ failures: Math.random() < 0.1 ? 9 : 0 });
      const enqueuing = Array.from({ length: 6 }, async (_, n) => {
        while (performance.now() < until) {
          const [here, there] = n % 2 === 0 ? names : [names[1], names[0]];
          const options = { maxAttempts: 1 };
          const first = job(here, failing(), options);
          const second = job(there, failing(), { ...options, dependsOn: [first] });
          const third = job(here, failing(), { ...options, dependsOn: [second, first] });
          await queue.enqueue([first, second, third]);
          recent.push(first.id, second.id, third.id);
          // Some run, some have ended, some are blocked; in no order.
          const dependsOn = recent.splice(-20).sort(() => Math.random() - 0.5).slice(0, 8);
          if (dependsOn.length > 0) await queue.enqueue(there, {}, { ...options, dependsOn });
          if (Math.random() < 0.2) await queue.cancel(dependsOn[0]!);
        }
      });
      // A refusal here fails the test.
      await Promise.all(enqueuing);
      const unfinished = async () => {
        const counts = await queue.store.counts();
        return counts.filter(({ status }) =>
          !["completed", "failed", "cancelled"].includes(status)
        );
      };
      while ((await unfinished()).length > 0) await setTimeout(100);
      await workers.stop();
      assert.deepEqual(workers.notes("trouble"), []);
      const sql = client(url, { max: 1 });
      const [row] = await sql`select deadlocks::int as deadlocks from pg_stat_database
      where datname = current_database()`;
      await sql.end();
      const ended = (await queue.store.counts()).reduce((sum, { count }) => sum + count, 0);
      t.diagnostic(`${ended} jobs in ${forMs} ms; the server ended ${row!.deadlocks} deadlocks`);
      assert.ok(ended > 100);
    },
  );
});
