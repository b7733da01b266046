import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { job, JobQueue } from "../../mod.ts";
import { jobRouter } from "../../src/http.ts";
import { sqlite } from "../../src/store/sqlite.ts";
import { post } from "../runtimes/http_calls.ts";
import { folderInMemory } from "./workers/temporary_folder.ts";

const COUNTED = "/proc/self/io";
const skip = !existsSync(COUNTED) && "the system does not count what a process reads";
const JOBS = 100;
const PAGE = 4_096;

/** What this process has read, in bytes. */
function bytesRead(): number {
  return Number(/^rchar: (\d+)/m.exec(readFileSync(COUNTED, "utf8"))![1]);
}

describe("what a view does not show is not read from a SQLite file", { skip }, () => {
  test("a large payload adds at most one page to a job, however large it is", async (t) => {
    using folder = folderInMemory();
    const traceId = "a".repeat(32);
    const bytesOf = async (size: number) => {
      const path = `${folder.path}/${size}.db`;
      {
        await using queue = new JobQueue({ store: await sqlite(path) });
        const jobs = Array(JOBS).fill("x".repeat(size));
        for (const payload of jobs) await queue.enqueue("a", payload, { traceId });
        await queue.worker("a", ({ payload }) => payload).tick();
      }
      // Opened again, so that nothing of it is in SQLite's own memory.
      await using queue = new JobQueue({ store: await sqlite(path) });
      const before = bytesRead();
      const found = await queue.find({ limit: 1_000, include: [] });
      const tree = await queue.tree({ traceId, include: [] });
      assert.deepEqual([found.jobs.length, tree.jobs.length], [JOBS, JOBS]);
      return bytesRead() - before;
    };
    const [few, many] = [await bytesOf(0), await bytesOf(250_000)];
    t.diagnostic(`${few} bytes with empty payloads, ${many} with large ones`);
    // A row keeps the beginning of what it has in other pages.
    assert.ok(many <= few + JOBS * PAGE, `${few} bytes, then ${many}`);
  });

  test("nor does a batch of used keys read what its answer leaves out", async (t) => {
    using folder = folderInMemory();
    const keys = Array.from({ length: JOBS }, (_, i) => `key ${i}`);
    const jobs = keys.map((idempotencyKey) => ({ queueName: "a", payload: 0, idempotencyKey }));
    const bytesOf = async (size: number) => {
      const path = `${folder.path}/${size}.db`;
      {
        await using queue = new JobQueue({ store: await sqlite(path) });
        const payload = "x".repeat(size);
        await queue.enqueue(keys.map((idempotencyKey) => job("a", payload, { idempotencyKey })));
        await queue.worker("a", ({ payload }) => payload).tick();
      }
      await using queue = new JobQueue({ store: await sqlite(path) });
      const app = jobRouter(queue, { publicAccess: "write" });
      const before = bytesRead();
      const { body } = await post(app, "/jobs/batch", { jobs });
      const read = bytesRead() - before;
      const sizes = body.jobs.map(({ deduplicated, payloadBytes, resultBytes }: {
        readonly deduplicated: boolean;
        readonly payloadBytes: number;
        readonly resultBytes: number;
      }) => [deduplicated, payloadBytes, resultBytes]);
      assert.deepEqual(sizes, Array(JOBS).fill([true, size + 2, size + 2]));
      return read;
    };
    const [few, many] = [await bytesOf(0), await bytesOf(250_000)];
    t.diagnostic(`${few} bytes with empty payloads, ${many} with large ones`);
    assert.ok(many <= few + JOBS * PAGE, `${few} bytes, then ${many}`);
  });
});
