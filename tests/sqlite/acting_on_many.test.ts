import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, test } from "node:test";
import { hasEnded, job, JobQueue, jobStatuses } from "../../mod.ts";
import { operate } from "../../src/operate.ts";
import { sqlite } from "../../src/store/sqlite.ts";
import { until } from "../until.ts";
import { startProgram } from "./workers/start_program.ts";
import { temporaryFolder } from "./workers/temporary_folder.ts";

const timeout = 60_000;
const queueName = "orders";

describe("acting on many jobs of a SQLite file that others work on", () => {
  test("a retry is of each job once, however soon it fails again", { timeout }, async () => {
    using folder = temporaryFolder();
    const database = join(folder.path, "jobs.db");
    await using programs = new AsyncDisposableStack();
    const workers = ["first", "second"].map((name) =>
      programs.use(
        startProgram("work.ts", { database, record: join(folder.path, name), queueName }),
      )
    );
    await Promise.all(workers.map(({ said }) => said("ready")));
    await using queue = new JobQueue({ store: await sqlite(database) });
    const failing = () => job(queueName, { fails: true }, { maxAttempts: 1 });
    await queue.enqueue(Array.from({ length: 2_500 }, failing));
    await until("all have failed", 30_000, async () => await failed(queue) === 2_500);
    const answer = await operate(queue).retry({ queueName });
    assert.deepEqual(answer, { changed: 2_500, refused: 0 });
    await until("all have failed again", 30_000, async () => await failed(queue) === 2_500);
    for (const { signal } of workers) signal("SIGTERM");
    await Promise.all(workers.map(({ ended }) => ended()));
    let cursor: string | undefined;
    do {
      const page = await queue.find({ limit: 1_000, cursor });
      for (const { attempts } of page.jobs) assert.equal(attempts, 2);
      cursor = page.nextCursor;
    } while (cursor !== undefined);
  });

  test("a cancel leaves nothing of a trace whose handlers enqueue", { timeout }, async () => {
    using folder = temporaryFolder();
    const database = join(folder.path, "jobs.db");
    await using programs = new AsyncDisposableStack();
    const workers = [1, 2].map(() =>
      programs.use(startProgram("grow.ts", { database, queueName }))
    );
    await Promise.all(workers.map(({ said }) => said("ready")));
    await using queue = new JobQueue({ store: await sqlite(database) });
    const { traceId } = await queue.enqueue(queueName, {});
    const status = jobStatuses.filter((one) => !hasEnded(one));
    const unfinished = async () => (await queue.find({ traceId, status })).jobs.length;
    await until("it has grown", 30_000, async () => await unfinished() === 100);
    const { changed } = await operate(queue).cancel({ traceId });
    assert.equal(await unfinished(), 0);
    assert.ok(changed >= 100, String(changed));
    for (const { signal } of workers) signal("SIGTERM");
    await Promise.all(workers.map(({ ended }) => ended()));
    assert.equal(await unfinished(), 0, "what its handlers enqueued later is stored as cancelled");
  });
});

async function failed(queue: JobQueue): Promise<number> {
  return (await queue.stats()).queues[0]?.jobs.failed ?? 0;
}
