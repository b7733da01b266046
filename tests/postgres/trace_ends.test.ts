import assert from "node:assert/strict";
import { describe, test } from "node:test";
import client from "postgres";
import { JobQueue } from "../../mod.ts";
import type { TraceCompleteEvent } from "../../src/signatures.ts";
import { newTraceId } from "../../src/job/ids.ts";
import { postgres } from "../../src/store/postgres.ts";
import type { ClaimedJob, Store, TraceEnd } from "../../src/store/store.ts";
import { askForTraceEnds } from "../conformance/fixture.ts";
import { completed, failed, jobInput, reason, settlement } from "../conformance/inputs.ts";
import { startProgram } from "../sqlite/workers/start_program.ts";
import { manualClock } from "../conformance/manual_clock.ts";
import { until } from "../until.ts";
import { openTestDatabase, whyNoDatabase } from "./database.ts";
import type { Telling } from "./programs/tell_never.ts";

const timeout = 60_000;
const traces = 400;
const perTurn = 20;

/** Adds traces of two jobs each and claims them all: the first ones and the second ones. */
async function claimPairs(store: Store): Promise<readonly [ClaimedJob, ClaimedJob][]> {
  await askForTraceEnds(store);
  const traceIds = Array.from({ length: traces }, newTraceId);
  await store.add(traceIds.flatMap((traceId) => [jobInput({ traceId }), jobInput({ traceId })]));
  const claims = [{ queueName: "orders", limit: 2 * traces, leaseMs: 60_000 }];
  const { claimed } = await store.settleAndClaim({ settlements: [], claims });
  assert.equal(claimed.length, 2 * traces);
  return traceIds.map((traceId) => {
    const [first, second] = claimed.filter((job) => job.traceId === traceId);
    return [first!, second!];
  });
}

async function takeTraceEnds(store: Store): Promise<readonly TraceEnd[]> {
  const ends: TraceEnd[] = [];
  for (;;) {
    const some = await store.traceEnds!.claim({ limit: 100, leaseMs: 60_000 });
    if (some.length === 0) return ends;
    ends.push(...some);
    await store.traceEnds!.settle(some);
  }
}

function assertOneEach(ends: readonly TraceEnd[], pairs: readonly [ClaimedJob, ClaimedJob][]) {
  const traceIds = pairs.map(([{ traceId }]) => traceId);
  assert.deepEqual(ends.map(({ traceId }) => traceId).sort(), traceIds.sort());
  assert.ok(ends.every(({ epoch }) => epoch === 1));
}

describe("the end of a trace on one Postgres", { skip: whyNoDatabase }, () => {
  test("is recorded once when its last two jobs are ended by two workers at the same moment", {
    timeout,
  }, async () => {
    await using database = await openTestDatabase();
    const [a, b] = [await postgres(database.url), await postgres(database.url)];
    const pairs = await claimPairs(a);
    for (let at = 0; at < traces; at += perTurn) {
      const turn = pairs.slice(at, at + perTurn);
      const [first, second] = [0, 1].map((which) =>
        turn.map((pair) => settlement(pair[which]!, which === 0 ? completed : failed))
      );
      const results = await Promise.all([
        a.settleAndClaim({ settlements: first!, claims: [] }),
        // The other way round, as two workers have them.
        b.settleAndClaim({ settlements: second!.reverse(), claims: [] }),
      ]);
      assert.ok(results.every(({ settled }) => settled.every((state) => state === "held")));
    }
    assertOneEach(await takeTraceEnds(a), pairs);
    await Promise.all([a.close(), b.close()]);
  });

  test("is not recorded while a dependent is added that its last job's turn cannot see yet", {
    timeout,
  }, async () => {
    await using database = await openTestDatabase();
    const [a, b] = [await postgres(database.url), await postgres(database.url)];
    await askForTraceEnds(a);
    const first = Array.from({ length: traces }, () => jobInput());
    await a.add(first);
    const claims = [{ queueName: "orders", limit: traces, leaseMs: 60_000 }];
    const { claimed } = await a.settleAndClaim({ settlements: [], claims });
    let blocked = 0;
    for (let at = 0; at < traces; at += perTurn) {
      const turn = claimed.slice(at, at + perTurn);
      const settlements = turn.map((job) => settlement(job, completed));
      const adding = turn.map(({ id, traceId }) =>
        b.add([jobInput({ traceId, dependsOn: [id], queueName: "dependents" })])
      );
      const [, ...added] = await Promise.all([
        a.settleAndClaim({ settlements, claims: [] }),
        ...adding,
      ]);
      blocked += added.filter(([one]) => one!.job.status === "blocked").length;
    }
    // Neither of two transactions may have seen the other: such a dependent is freed by maintenance.
    const late = (await a.find({ statuses: ["blocked"], limit: traces })).jobs.length;
    // Any other that came in before its dependency ended keeps the trace open.
    const early = (await takeTraceEnds(a)).length;
    assert.ok(early <= traces - blocked + late, `${early} ends, ${blocked} in time, ${late} late`);
    // As a worker has it: settleAndClaim tells that there are some, twice in a second.
    await until("none is blocked", 10_000, async () => {
      await a.settleAndClaim({ settlements: [], claims: [] });
      await a.maintain({ retentionMs: 1e9, limit: 100 });
      return (await a.find({ statuses: ["blocked"], limit: 1 })).jobs.length === 0;
    });
    const dependents = [{ queueName: "dependents", limit: traces, leaseMs: 60_000 }];
    const last = (await a.settleAndClaim({ settlements: [], claims: dependents })).claimed;
    assert.equal(last.length, traces);
    await a.settleAndClaim({
      settlements: last.map((job) => settlement(job, completed)),
      claims: [],
    });
    assert.equal((await takeTraceEnds(a)).length, traces);
    await Promise.all([a.close(), b.close()]);
  });

  test("is recorded once when one of them is cancelled while the other is settled", {
    timeout,
  }, async () => {
    await using database = await openTestDatabase();
    const [a, b] = [await postgres(database.url), await postgres(database.url)];
    const pairs = await claimPairs(a);
    for (const [first, second] of pairs) {
      await Promise.all([
        a.settleAndClaim({ settlements: [settlement(first, completed)], claims: [] }),
        b.cancel(second.id, { error: reason }),
      ]);
    }
    assertOneEach(await takeTraceEnds(a), pairs);
    await Promise.all([a.close(), b.close()]);
  });

  test(
    "is kept only while somebody asks for ends, and counts all the same",
    { timeout },
    async () => {
      await using database = await openTestDatabase();
      const clock = manualClock();
      await using queue = new JobQueue<{ jobs: number }>({
        store: await postgres(database.url, { now: clock.now }),
      });
      const traceIds = [newTraceId(), newTraceId()];
      const told: string[] = [];
      const onTraceComplete = ({ traceId, epoch }: TraceCompleteEvent) =>
        void told.push(`${traceIds.indexOf(traceId)} ${epoch}`);
      /** One job of the first trace, which is alone there at first, and two of the other one. */
      const endBoth = async (hooks: { readonly onTraceComplete?: typeof onTraceComplete }) => {
        for (const traceId of [traceIds[0]!, traceIds[1]!, traceIds[1]!]) {
          await queue.enqueue("jobs", 1, { traceId });
        }
        assert.equal((await queue.worker("jobs", () => {}, hooks).tick()).completed, 3);
        return told.splice(0).sort();
      };
      const day = 24 * 3_600_000;
      assert.deepEqual(await endBoth({}), []);
      assert.deepEqual(
        await endBoth({ onTraceComplete }),
        ["0 2", "1 2"],
        "its own first jobs too",
      );
      clock.pass(6 * day);
      assert.deepEqual(await endBoth({}), []);
      assert.deepEqual(await endBoth({ onTraceComplete }), ["0 3", "0 4", "1 3", "1 4"]);
      clock.pass(6 * day);
      assert.deepEqual(await endBoth({}), [], "it was renewed");
      clock.pass(2 * day);
      assert.deepEqual(await endBoth({}), [], "nobody has asked for eight days");
      assert.deepEqual(await endBoth({ onTraceComplete }), ["0 5", "0 7", "1 5", "1 7"]);
    },
  );

  test("costs no entry in an index when nobody asks for it", { timeout }, async () => {
    await using database = await openTestDatabase();
    await using queue = new JobQueue<{ jobs: number }>({ store: await postgres(database.url) });
    const sql = client(database.url, { max: 1, onnotice: () => {} });
    const entriesAfter = async (onTraceComplete?: () => void) => {
      for (let n = 0; n < 10; n++) await queue.enqueue("jobs", n);
      await queue.worker("jobs", () => {}, onTraceComplete && { onTraceComplete }).tick();
      const [row] = await sql`
        select count(*)::integer as count from hammerwork.ended where trace_end_due < 'infinity'`;
      return row!.count;
    };
    assert.equal(await entriesAfter(), 0);
    await queue.store.traceEnds!.claim({ limit: 1, leaseMs: 1 });
    assert.equal(await entriesAfter(), 10);
    await sql.end();
  });

  test("is passed to another worker when the one whose hook was running is killed", {
    timeout,
  }, async () => {
    await using database = await openTestDatabase();
    const { url } = database;
    await using queue = new JobQueue<{ jobs: number; elsewhere: number }>({
      store: await postgres(url),
    });
    const path = new URL("./programs/tell_never.ts", import.meta.url).href;
    await using teller = startProgram(path, { url, leaseMs: 1_000 } satisfies Telling);
    const { id, traceId } = await queue.enqueue("jobs", 1, { correlationId: "order-1" });
    await teller.said("telling");
    teller.signal("SIGKILL");
    assert.equal((await queue.get(id))?.status, "completed");

    const told: TraceCompleteEvent[] = [];
    const stop = new AbortController();
    await queue.worker("elsewhere", () => {}, {
      maintenanceMs: 50,
      onTraceComplete: (event) => {
        told.push(event);
        stop.abort();
      },
    }).run({ signal: stop.signal });
    assert.deepEqual(
      told.map(({ completedAt: _, ...event }) => event),
      [{ traceId, epoch: 1, jobId: id, correlationId: "order-1" }],
    );
  });
});
