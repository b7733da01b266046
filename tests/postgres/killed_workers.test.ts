import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { job, JobQueue } from "../../mod.ts";
import { postgres } from "../../src/store/postgres.ts";
import { allCompleted, someCompleted } from "./completed.ts";
import { openTestDatabase, whyNoDatabase } from "./database.ts";
import { type Note, runOf } from "./run_record.ts";
import { until } from "../until.ts";
import { type WorkerProcess, workforce } from "./workforce.ts";

type Stored = NonNullable<Awaited<ReturnType<JobQueue["get"]>>>;

interface Death {
  readonly victim: WorkerProcess;
  readonly at: number;
}

const timeout = 120_000;
const [processes, jobs, kills] = [4, 5_000, 20];
const [leaseMs, handlerMs, concurrency] = [1_500, 300, 20];

describe("workers that are killed", { skip: whyNoDatabase }, () => {
  test("delay 5,000 jobs twenty times, and lose or repeat no outcome", { timeout }, async (t) => {
    await using database = await openTestDatabase();
    const { url } = database;
    await using queue = new JobQueue({ store: await postgres(url) });
    const queueNames = ["orders"];
    await using workers = workforce({ url, queueNames, leaseMs, handlerMs, concurrency });
    const running = [...await workers.start(processes)];
    // A job that is cut off again and again is to be completed all the same.
    const backoff = { type: "fixed", delayMs: 0 } as const;
    const orders = Array.from(
      { length: jobs },
      () => job("orders", {}, { maxAttempts: kills + 1, backoff }),
    );
    const portion = jobs / (kills + 1);
    const enqueuePortion = (n: number) =>
      queue.enqueue(orders.slice(Math.floor(portion * n), Math.floor(portion * (n + 1))));
    await enqueuePortion(0);

    const deaths: Death[] = [];
    while (deaths.length < kills) {
      // However fast they work and however slowly a process starts, there is work when one dies. And
      // what it had in its hands is due behind little else.
      await someCompleted(queue, portion * (deaths.length + 1) - processes * concurrency);
      await enqueuePortion(deaths.length + 1);
      const victim = running.shift()!;
      await until("the next to die is at work", 20_000, () => isAtWork(victim));
      workers.kill(victim);
      deaths.push({ victim, at: Date.now() });
      running.push(...await workers.start(1));
    }
    await allCompleted(queue, jobs, 60_000);
    await workers.stop();

    const starts = workers.notes("start");
    const cutOff = deaths.map((death) => waitsAfter(death, starts));
    const slowest = Math.max(...cutOff.flat());
    const stored = await Promise.all(orders.map(async ({ id }) => (await queue.get(id))!));
    const slowestSweep = Math.max(...deaths.flatMap((death) => sweepsAfter(death, stored)));
    t.diagnostic(`${jobs} jobs, ${kills} kills, ${cutOff.flat().length} attempts cut off`);
    t.diagnostic(
      `begun again at most ${slowest} ms after the death, with a lease of ${leaseMs} ms`,
    );
    assert.ok(cutOff.every((waits) => waits.length > 0), "Each must die with jobs in its hands");
    t.diagnostic(`taken back at most ${slowestSweep} ms after the death`);
    assert.ok(slowestSweep <= leaseMs + 2_000, `${slowestSweep} ms is too late`);
    // A job that is taken back is due behind all that was due before; and the worker that claims it may be the
    // next to die before it begins. After the last death nobody is.
    const aheadMs = (portion + processes * concurrency) * handlerMs / (processes - 1) / concurrency;
    // Those of which nobody knows whether they had begun begin one after another.
    const suspectsMs = concurrency * 100;
    const last = Math.max(...cutOff.at(-1)!);
    assert.ok(last <= leaseMs + 2_000 + aheadMs + suspectsMs, `${last} ms is too late`);

    const completions = workers.notes("complete").map(({ id }) => id);
    assert.equal(new Set(completions).size, completions.length, "None may be settled twice");
    const ends = new Set(workers.notes("end").map((note) => `${runOf(note)} ${note.record}`));
    for (const { id, attempts, attemptHistory, result } of stored) {
      const lost = attemptHistory.slice(0, -1);
      assert.ok(lost.every(({ outcome }) => outcome === "lease_expired"));
      assert.equal(attemptHistory.at(-1)!.outcome, "completed");
      const numbers = lost.map(({ attempt }) => attempt);
      const charged = Array.from({ length: attempts - 1 }, (_, i) => i + 1);
      assert.deepEqual([...new Set(numbers)].filter((number) => number < attempts), charged);
      // One that perhaps never began is not counted: the next has its number, once.
      assert.ok(numbers.length - charged.length <= 1, numbers.join(" "));
      assert.ok(ends.has(`${runOf({ id, attempt: attempts })} ${result}`));
    }
  });
});

/** For each attempt that a death cut off, how long it took until its job was taken back, in ms. */
function sweepsAfter({ victim, at }: Death, stored: readonly Stored[]): readonly number[] {
  const jobs = new Map(stored.map((job) => [job.id, job]));
  return openAt(victim).flatMap(({ id }) => {
    const lost = jobs.get(id)!.attemptHistory.slice(0, -1);
    const ends = lost.map(({ finishedAt }) => finishedAt!.getTime() - at);
    const later = ends.filter((ms) => ms > 0);
    return later.length === 0 ? [] : [Math.min(...later)];
  });
}

/** What a process had begun and not heard the outcome of. */
function openAt(worker: WorkerProcess): readonly Note[] {
  const noted = worker.notes();
  const completed = new Set(noted.filter(({ what }) => what === "complete").map(({ id }) => id));
  return noted.filter(({ what, id }) => what === "start" && !completed.has(id));
}

function isAtWork(worker: WorkerProcess): boolean {
  const noted = worker.notes();
  const count = (what: Note["what"]) => noted.filter((note) => note.what === what).length;
  return count("start") > count("end");
}

/** For each attempt that a death cut off, how long it took until the job was begun again, in ms. */
function waitsAfter({ victim, at }: Death, starts: readonly Note[]): readonly number[] {
  return openAt(victim).flatMap(({ id }) => {
    // None, when the outcome was recorded but its worker did not live to hear of it.
    const next = starts.filter((note) => note.id === id && note.at > at).map((note) =>
      note.at - at
    );
    return next.length === 0 ? [] : [Math.min(...next)];
  });
}
