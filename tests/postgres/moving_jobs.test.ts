/** Jobs that move between the tables while others look for them: claimed, handed back, freed, cancelled. */

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import pg from "postgres";
import { postgres } from "../../src/store/postgres.ts";
import type { ClaimedJob, Settlement, Store } from "../../src/store/store.ts";
import { askForTraceEnds } from "../conformance/fixture.ts";
import {
  completed,
  failed,
  jobInput,
  neverStarted,
  newTraceId,
  reason,
  released,
  settlement,
} from "../conformance/inputs.ts";
import { openTestDatabase, type TestDatabase, whyNoDatabase } from "./database.ts";
import { misplaced } from "./places.ts";

const timeout = 120_000;

const claimOf = async (store: Store, limit: number, queueName = "orders") => {
  const claims = [{ queueName, limit, leaseMs: 60_000 }];
  return (await store.settleAndClaim({ settlements: [], claims })).claimed;
};

const settle = (store: Store, settlements: readonly Settlement[]) =>
  store.settleAndClaim({ settlements, claims: [] });

/** Calls with each of some values, in an order of its own. */
async function eachInAnyOrder<T>(values: readonly T[], call: (value: T) => Promise<unknown>) {
  for (const value of [...values].sort(() => Math.random() - 0.5)) await call(value);
}

describe("jobs that move", { skip: whyNoDatabase }, () => {
  let database: TestDatabase;
  let sql: pg.Sql;
  before(async () => {
    database = await openTestDatabase();
    sql = pg(database.url, { max: 1, onnotice: () => {} });
  });
  after(async () => {
    await sql.end();
    await database.drop();
  });

  /** Stores with connections of their own, which end with the test. */
  async function withStores(
    schema: string,
    count: number,
    work: (stores: readonly Store[]) => Promise<void>,
  ): Promise<void> {
    const stores: Store[] = [];
    try {
      while (stores.length < count) stores.push(await postgres(database.url, { schema }));
      await work(stores);
      assert.deepEqual(await misplaced(sql, schema), []);
    } finally {
      await Promise.all(stores.map((store) => store.close()));
    }
  }

  const count = async (schema: string, table: string) =>
    Number((await sql.unsafe(`select count(*) from ${schema}.${table}`))[0]!.count);

  test("are found by each cancellation while workers claim them and hand them back", {
    timeout,
  }, () =>
    withStores("handed", 4, async ([a, b, caller, other]) => {
      const jobs = await a!.add(Array.from({ length: 300 }, () => jobInput()));
      const ids = jobs.map(({ job }) => job.id);
      let isOver = false;
      const handBack = async (store: Store) => {
        while (!isOver) {
          const claimed = await claimOf(store, 50);
          const changes = [
            neverStarted,
            released,
            { status: "retrying", outcome: "failed", error: reason, delayMs: 0 } as const,
          ];
          await settle(store, claimed.map((job, n) => settlement(job, changes[n % 3]!)));
        }
      };
      const handing = [a!, b!].map(handBack);
      const cancelled: string[] = [];
      const cancelAll = (store: Store) =>
        eachInAnyOrder(ids, async (id) => {
          const answer = await store.cancel(id, { error: reason });
          if (answer!.changed) cancelled.push(id);
          assert.equal(answer!.job.status, "cancelled");
        });
      await Promise.all([cancelAll(caller!), cancelAll(other!)]);
      isOver = true;
      await Promise.all(handing);
      assert.deepEqual(cancelled.sort(), ids.sort(), "each of them once");
      for (const table of ["ready", "waiting", "claims", "progress"]) {
        assert.equal(await count("handed", table), 0, table);
      }
    }));

  test("end once, by an outcome or by a cancellation that comes at the same moment", {
    timeout,
  }, () =>
    withStores("once", 2, async ([worker, caller]) => {
      await worker!.add(Array.from({ length: 400 }, () => jobInput()));
      const claimed = await claimOf(worker!, 400);
      const changed = new Set<string>();
      const cancelling = eachInAnyOrder(claimed, async ({ id }) => {
        if ((await caller!.cancel(id, { error: reason }))!.changed) changed.add(id);
      });
      const held = new Set<string>();
      for (let at = 0; at < claimed.length; at += 10) {
        const turn = claimed.slice(at, at + 10);
        const { settled } = await settle(worker!, turn.map((job) => settlement(job, completed)));
        for (const [n, state] of settled.entries()) {
          assert.equal(state, changed.has(turn[n]!.id) ? "cancelled" : state);
          if (state === "held") held.add(turn[n]!.id);
        }
      }
      await cancelling;
      assert.deepEqual(
        claimed.map(({ id }) => Number(held.has(id)) + Number(changed.has(id))),
        claimed.map(() => 1),
      );
      assert.equal(await count("once", "attempts"), changed.size);
      assert.equal(await count("once", "claims"), 0);
    }));

  test("are freed once, when the last two that they wait for end at the same moment", {
    timeout,
  }, () =>
    withStores("freed", 2, async ([a, b]) => {
      const pairs = Array.from({ length: 300 }, () => [jobInput(), jobInput()] as const);
      await a!.add(pairs.flat());
      await a!.add(
        pairs.map(([x, y]) => jobInput({ queueName: "dependents", dependsOn: [x.id, y.id] })),
      );
      const claimed = new Map((await claimOf(a!, 600)).map((job) => [job.id, job]));
      for (let at = 0; at < pairs.length; at += 20) {
        const turn = pairs.slice(at, at + 20);
        const outcomes = (which: 0 | 1) =>
          turn.map((pair) => settlement(claimed.get(pair[which].id) as ClaimedJob, completed));
        await Promise.all([settle(a!, outcomes(0)), settle(b!, outcomes(1).reverse())]);
      }
      const freed = await claimOf(a!, 600, "dependents");
      assert.equal(new Set(freed.map(({ id }) => id)).size, 300);
      assert.equal(freed.length, 300);
    }));

  test("are cancelled once, with all that depend on them, when two of these chains meet", {
    timeout,
  }, () =>
    withStores("chains", 2, async ([a, b]) => {
      await askForTraceEnds(a!);
      // Each third one depends on two heads, and the one after it on that.
      const heads = Array.from({ length: 200 }, () => jobInput());
      const traceId = newTraceId();
      const meeting = heads.slice(1).map((head, n) =>
        jobInput({ dependsOn: [heads[n]!.id, head.id], queueName: "dependents", traceId })
      );
      const last = meeting.map(({ id }) =>
        jobInput({ dependsOn: [id], queueName: "dependents", traceId })
      );
      await a!.add([...heads, ...meeting, ...last]);
      const claimed = await claimOf(a!, 200);
      await Promise.all([
        ...[a!, b!].map((store, half) =>
          eachInAnyOrder(
            claimed.filter((_, n) => n % 2 === half),
            (job) => settle(store, [settlement(job, failed)]),
          )
        ),
      ]);
      const { jobs } = await a!.find({ queueNames: ["dependents"], limit: 1_000 });
      assert.equal(jobs.length, 398);
      assert.deepEqual([...new Set(jobs.map(({ status }) => status))], ["cancelled"]);
      const ends = await a!.traceEnds!.claim({ limit: 1_000, leaseMs: 60_000 });
      assert.equal(ends.filter((end) => end.traceId === traceId).length, 1);
    }));

  test(
    "keep their place in no claim when they are retried: others settle, the old outcome is lost",
    {
      timeout,
    },
    () =>
      withStores("retried", 2, async ([a, b]) => {
        await a!.add([jobInput(), jobInput(), jobInput()]);
        const [first, second, third] = await claimOf(a!, 3);
        await settle(a!, [settlement(first!, failed)]);
        assert.equal((await b!.retry(first!.id))?.job.status, "ready");
        assert.equal((await a!.get(second!.id))?.status, "running");
        const [again] = await claimOf(b!, 1);
        assert.equal(again!.id, first!.id);
        assert.equal(again!.attempts, 2);
        const { settled } = await settle(a!, [
          settlement(first!, completed),
          settlement(second!, completed),
        ]);
        assert.deepEqual(settled, ["lost", "held"]);
        const leases = [third!, again!].map(({ id, leaseToken }) => ({ jobId: id, leaseToken }));
        assert.deepEqual(await a!.extend(leases, { leaseMs: 60_000 }), ["held", "held"]);
        await settle(b!, [settlement(again!, completed), settlement(third!, completed)]);
        assert.equal(await count("retried", "claims"), 0);
      }),
  );

  test(
    "come back once when two callers retry parts of one cancelled chain",
    { timeout },
    () =>
      withStores("revived", 3, async ([a, b, worker]) => {
        for (let round = 0; round < 60; round++) {
          const [x, y] = [jobInput({ maxAttempts: 1 }), jobInput({ maxAttempts: 1 })];
          const both = jobInput({ dependsOn: [x.id, y.id], queueName: "dependents" });
          const after = jobInput({ dependsOn: [both.id], queueName: "dependents" });
          await a!.add([x, y, both, after]);
          await settle(worker!, (await claimOf(worker!, 2)).map((job) => settlement(job, failed)));
          await Promise.all([a!.retry(x.id), b!.retry(y.id)]);
          assert.equal((await a!.get(after.id))?.status, "blocked");
          await settle(
            worker!,
            (await claimOf(worker!, 2)).map((job) => settlement(job, completed)),
          );
          for (const id of [both.id, after.id]) {
            const [job] = await claimOf(worker!, 9, "dependents");
            assert.equal(job?.id, id);
            await settle(worker!, [settlement(job!, completed)]);
          }
        }
      }),
  );

  test(
    "that wait for each other's ends are cancelled and settled without a deadlock that is felt",
    {
      timeout,
    },
    () =>
      withStores("crossing", 4, async (stores) => {
        const roots = Array.from({ length: 60 }, () => jobInput());
        const dependents = roots.flatMap((_, n) =>
          Array.from({ length: 4 }, (_, k) =>
            jobInput({
              queueName: "dependents",
              dependsOn: [roots[n]!.id, roots[(n + 7 * (k + 1)) % roots.length]!.id],
              onDependencyFailure: k % 2 === 0 ? "run" : "cancel",
            }))
        );
        await stores[0]!.add([...roots, ...dependents]);
        const claimed = await claimOf(stores[0]!, 60);
        const outcomes = claimed.map((job, n) => settlement(job, n % 3 === 0 ? failed : completed));
        await Promise.all([
          eachInAnyOrder(outcomes.slice(0, 30), (one) => settle(stores[0]!, [one])),
          eachInAnyOrder(outcomes.slice(30), (one) => settle(stores[1]!, [one])),
          eachInAnyOrder(dependents, ({ id }) => stores[2]!.cancel(id, { error: reason })),
          eachInAnyOrder(roots, ({ id }) => stores[3]!.cancel(id, { error: reason })),
        ]);
        const ended = await stores[0]!.counts();
        const endedCount = ended
          .filter(({ status }) => ["completed", "failed", "cancelled"].includes(status))
          .reduce((sum, { count }) => sum + count, 0);
        assert.equal(endedCount, 300);
      }),
  );
});
