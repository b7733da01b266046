import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import pg from "postgres";
import type { ClaimedJob, Lease, LeaseState, Store } from "../../src/store.ts";
import { postgres } from "../../src/store/postgres.ts";
import {
  completed,
  failed,
  jobInput,
  neverStarted,
  released,
  retrying,
} from "../conformance/inputs.ts";
import { manualClock } from "../conformance/manual_clock.ts";
import { until } from "../until.ts";
import { openTestDatabase, type TestDatabase, whyNoDatabase } from "./database.ts";
import { misplaced } from "./places.ts";

const queueName = "orders";
const leaseMs = 1_000;
const upkeep = { retentionMs: 1e9, limit: 1_000 };

describe("jobs that one call has claimed", { skip: whyNoDatabase }, () => {
  let database: TestDatabase;
  let sql: pg.Sql;
  let count = 0;
  before(async () => {
    database = await openTestDatabase();
    sql = pg(database.url, { max: 1, onnotice: () => {} });
  });
  after(async () => {
    await sql.end();
    await database.drop();
  });

  /** Two processes' stores with jobs, by a clock that only the test moves. */
  async function twoStores(jobs: number, fields: Parameters<typeof jobInput>[0] = {}) {
    const { now, pass } = manualClock();
    const schema = `claims_${++count}`;
    const here = await postgres(database.url, { schema, now });
    const elsewhere = await postgres(database.url, { schema, now, migrate: false });
    await here.add(Array.from({ length: jobs }, () => jobInput(fields)));
    return {
      schema,
      here,
      elsewhere,
      pass,
      now,
      places: () => misplaced(sql, schema),
      claimCount: async () =>
        (await sql.unsafe(`select count(*)::integer as n from ${schema}.claims`))[0]!.n as number,
      [Symbol.asyncDispose]: async () => {
        await here.close?.();
        await elsewhere.close?.();
      },
    };
  }

  test("are kept by heartbeats that name them, and by no others", async () => {
    await using world = await twoStores(3);
    const { here, elsewhere, pass, places } = world;
    const [a, b, c] = await claim(here);
    pass(leaseMs / 2);
    assert.deepEqual(await here.extend([leaseOf(a!)], { leaseMs }), ["held"]);
    pass(leaseMs / 2 + 1);
    const { expired } = await elsewhere.maintain(upkeep);
    assert.deepEqual(expired.map(({ id }) => id).sort(), [b!.id, c!.id].sort());
    assert.deepEqual(await here.check([a!, b!, c!].map(leaseOf)), ["held", "lost", "lost"]);
    // The lease that was extended is the next that expires.
    pass(leaseMs / 2);
    assert.deepEqual((await elsewhere.maintain(upkeep)).expired.map(({ id }) => id), [a!.id]);
    assert.deepEqual([await world.claimCount(), await places()], [0, []]);
  });

  test("are extended by one row, whatever their number, and swept by one look", async () => {
    await using world = await twoStores(500);
    const { here, schema, pass } = world;
    const claimed = await claim(here);
    assert.equal(claimed.length, 500);
    const [before] = await sql.unsafe(`select ctid::text, xmin::text from ${schema}.claims`);
    pass(100);
    const states = await here.extend(claimed.map(leaseOf), { leaseMs: 2_000 });
    assert.ok(states.every((state) => state === "held"));
    const rows = await sql.unsafe(`select ctid::text, xmin::text from ${schema}.claims`);
    assert.equal(rows.length, 1);
    assert.notDeepEqual(rows[0], before);
    pass(1_900);
    assert.deepEqual((await here.maintain(upkeep)).expired, []);
    pass(101);
    assert.equal((await here.maintain(upkeep)).expired.length, 500);
  });

  test("are handed out once more after they left it, and not again when it is swept", async () => {
    await using world = await twoStores(6, { maxAttempts: 5 });
    const { here, elsewhere, pass, places } = world;
    const [kept, ...gone] = await claim(here);
    const [tried, handedBack, unbegun, cancelled, failing] = gone;
    assert.deepEqual(
      await settle(here, [
        [tried!, { ...retrying, delayMs: 0 }],
        [handedBack!, released],
        [unbegun!, neverStarted],
        [failing!, failed],
      ]),
      ["held", "held", "held", "held"],
    );
    await elsewhere.cancel(cancelled!.id, { error: { name: "Error", message: "withdrawn" } });
    for (const { id } of [cancelled!, failing!]) {
      assert.equal((await elsewhere.retry(id))?.changed, true);
    }
    const again = await claim(elsewhere, 60_000);
    assert.deepEqual(idsOf(again), idsOf(gone));
    assert.deepEqual(await places(), []);

    pass(leaseMs + 1);
    const { expired } = await elsewhere.maintain(upkeep);
    assert.deepEqual(idsOf(expired), [kept!.id]);
    assert.deepEqual(idsOf(await claim(here)), [kept!.id], "It had not begun");
    assert.deepEqual(await elsewhere.check(again.map(leaseOf)), again.map(() => "held"));
    assert.deepEqual(
      await settle(elsewhere, again.map((job) => [job, completed])),
      again.map(() => "held"),
    );
    assert.deepEqual(await places(), []);
  });

  test("take no late outcome of one that was handed back, though their claim still stands", async () => {
    await using world = await twoStores(3);
    const { here, elsewhere, places } = world;
    const [kept, handedBack, tried] = await claim(here);
    await settle(here, [[handedBack!, released], [tried!, { ...retrying, delayMs: 0 }]]);
    const again = await claim(elsewhere);
    assert.deepEqual(idsOf(again), idsOf([handedBack!, tried!]));
    const late = [handedBack!, tried!].map((job) => [job, completed] as const);
    assert.deepEqual(await settle(here, late), ["lost", "lost"]);
    assert.deepEqual(await settle(here, [[handedBack!, released]]), ["lost"]);
    const leases = [kept!, handedBack!, tried!].map(leaseOf);
    assert.deepEqual(await here.extend(leases, { leaseMs }), ["held", "lost", "lost"]);
    assert.equal((await here.get(tried!.id))?.status, "running");
    assert.deepEqual(
      await settle(elsewhere, again.map((job) => [job, completed])),
      ["held", "held"],
    );
    assert.deepEqual(await settle(here, [...late, [kept!, completed]]), ["lost", "lost", "held"]);
    assert.deepEqual([await world.claimCount(), await places()], [0, []]);
  });

  test("are kept by a heartbeat that meets a late outcome of one that was swept", async () => {
    await using world = await twoStores(2);
    const { here, elsewhere, schema, pass, places } = world;
    const [late, running] = await claim(here);
    assert.deepEqual(await here.extend([leaseOf(running!)], { leaseMs: 60_000 }), ["held"]);
    pass(leaseMs + 1);
    assert.equal((await elsewhere.maintain(upkeep)).expired.length, 1);
    const [token, place, sequence] = late!.leaseToken.split(" ");
    const outcomes = JSON.stringify([[
      token,
      `{${place}}`,
      `{${sequence}}`,
      "{1}",
      null,
      null,
      null,
    ]]);
    const extended = await sql.begin(async (transaction) => {
      await transaction.unsafe(
        `select ${schema}.settle_and_claim($1::text::jsonb, '[]'::jsonb, false)`,
        [outcomes],
      );
      const states = here.extend([leaseOf(running!)], { leaseMs: 60_000 });
      await until("the heartbeat waits for the outcome", 10_000, async () => {
        const waiting = await transaction`select from pg_locks
          where not granted and transactionid = pg_current_xact_id()::xid`;
        return waiting.length === 1;
      });
      return { states };
    });
    assert.deepEqual(await extended.states, ["held"]);
    assert.deepEqual(await places(), []);
  });

  test("keep nothing of one that ended and is retried while their claim still stands", async () => {
    await using world = await twoStores(3, { maxAttempts: 1 });
    const { here, elsewhere, pass, places } = world;
    const [kept, failing, cancelled] = await claim(here);
    await settle(here, [[failing!, failed]]);
    await here.cancel(cancelled!.id, { error: { name: "Error", message: "withdrawn" } });
    for (const { id } of [failing!, cancelled!]) await elsewhere.retry(id);
    assert.deepEqual(await places(), []);
    const leases = [kept!, failing!, cancelled!].map(leaseOf);
    assert.deepEqual(await here.check(leases), ["held", "lost", "lost"]);
    assert.deepEqual(await here.extend(leases, { leaseMs }), ["held", "lost", "lost"]);
    const late = [failing!, cancelled!].map((job) => [job, completed] as const);
    assert.deepEqual(await settle(here, late), ["lost", "lost"]);
    const again = await claim(elsewhere, 60_000);
    assert.deepEqual(again.map(({ attempts }) => attempts), [2, 2]);
    assert.deepEqual(await settle(here, late), ["lost", "lost"]);
    pass(leaseMs + 1);
    assert.deepEqual(idsOf((await here.maintain(upkeep)).expired), [kept!.id]);
    await settle(elsewhere, again.map((job) => [job, completed]));
    assert.deepEqual(await places(), []);
  });

  test("end far apart, each by its own time", async () => {
    await using world = await twoStores(20);
    const { here, elsewhere, pass, places, claimCount } = world;
    const running = [...await claim(here)];
    const claimedAt = world.now();
    while (running.length > 0) {
      for (let beat = 0; beat < 50; beat++) {
        pass(leaseMs / 2);
        const states = await here.extend(running.map(leaseOf), { leaseMs });
        assert.ok(states.every((state) => state === "held"));
      }
      assert.deepEqual((await elsewhere.maintain(upkeep)).expired, []);
      const [job] = running.splice(running.length * 7 % running.length, 1);
      assert.deepEqual(await settle(here, [[job!, completed]]), ["held"]);
      assert.equal((await elsewhere.get(job!.id))?.finishedAt, world.now());
      const found = await elsewhere.find({ statuses: ["running"], limit: 100 });
      assert.deepEqual(idsOf(found.jobs), idsOf(running));
      for (const { attempts, startedAt } of found.jobs) {
        assert.deepEqual([attempts, startedAt], [1, claimedAt]);
      }
      assert.equal(await claimCount(), running.length > 0 ? 1 : 0);
    }
    assert.deepEqual(await places(), []);
  });

  test("are looked up with their attempt and its start while others have ended or gone", async () => {
    await using world = await twoStores(4, { maxAttempts: 9 });
    const { here, elsewhere, pass } = world;
    const first = await claim(here);
    await settle(here, first.map((job) => [job, { ...retrying, delayMs: 0 }]));
    pass(5_000);
    const [a, b, c, d] = await claim(here);
    const startedAt = world.now();
    pass(100);
    await settle(here, [[a!, completed], [b!, { ...retrying, delayMs: 9_000 }]]);
    await elsewhere.cancel(c!.id, { error: { name: "Error", message: "withdrawn" } });
    const running = await elsewhere.get(d!.id);
    assert.deepEqual([running?.status, running?.attempts, running?.startedAt], [
      "running",
      2,
      startedAt,
    ]);
    const { jobs } = await elsewhere.find({ statuses: ["running"], limit: 10 });
    assert.deepEqual(jobs.map(({ id, attempts }) => [id, attempts]), [[d!.id, 2]]);
    const seen = (await elsewhere.find({ ids: idsOf(first), limit: 10 })).jobs;
    assert.deepEqual(
      seen.map(({ status, attempts }) => `${status} ${attempts}`).sort(),
      ["cancelled 2", "completed 2", "retrying 2", "running 2"],
    );
    assert.deepEqual(
      (await elsewhere.counts()).map(({ status, count }) => `${count} ${status}`).sort(),
      ["1 cancelled", "1 completed", "1 retrying", "1 running"],
    );
  });

  test("are charged for attempts that began, and for no others", async () => {
    await using world = await twoStores(4, { maxAttempts: 1 });
    const { here, elsewhere, pass, places } = world;
    const [begun, waits, given, unnamed] = await claim(here);
    await settle(here, [[given!, neverStarted]]);
    pass(leaseMs / 2);
    await here.extend([
      { ...leaseOf(begun!), attempt: "begins" },
      { ...leaseOf(waits!), attempt: "waits" },
    ], { leaseMs });
    pass(leaseMs + 1);
    const { expired } = await elsewhere.maintain(upkeep);
    assert.equal(expired.length, 3);
    const statusOf = async ({ id }: ClaimedJob) => {
      const { status, attempts } = (await elsewhere.get(id))!;
      return `${status} ${attempts}`;
    };
    assert.deepEqual(await Promise.all([begun!, waits!, given!, unnamed!].map(statusOf)), [
      "failed 1",
      "ready 0",
      "ready 0",
      "ready 0",
    ]);
    const again = await claim(elsewhere);
    assert.deepEqual(
      new Map(again.map(({ id, isSuspect, attempts }) => [id, [isSuspect, attempts]])),
      new Map([[waits!.id, [true, 1]], [given!.id, [false, 1]], [unnamed!.id, [true, 1]]]),
    );
    assert.deepEqual(await places(), []);
  });

  test("are none of a queue that is paused, which says until when", async () => {
    await using world = await twoStores(2);
    const { here, elsewhere, pass } = world;
    await elsewhere.configure({ queueName, pause: { forMs: 5_000 } });
    const claims = [{ queueName, limit: 10, leaseMs }];
    const { claimed, nextInMs } = await here.settleAndClaim({ settlements: [], claims });
    assert.deepEqual([claimed, nextInMs], [[], [5_000]]);
    pass(5_000);
    assert.equal((await claim(here)).length, 2);
  });
});

function leaseOf({ id, leaseToken }: ClaimedJob): Lease {
  return { jobId: id, leaseToken };
}

function idsOf(jobs: readonly { readonly id: string }[]): readonly string[] {
  return jobs.map(({ id }) => id).sort();
}

async function claim(store: Store, ms = leaseMs, limit = 1_000): Promise<readonly ClaimedJob[]> {
  const claims = [{ queueName, limit, leaseMs: ms }];
  return (await store.settleAndClaim({ settlements: [], claims })).claimed;
}

type Outcome = Parameters<Store["settleAndClaim"]>[0]["settlements"][number]["change"];

async function settle(
  store: Store,
  outcomes: readonly (readonly [ClaimedJob, Outcome])[],
): Promise<readonly LeaseState[]> {
  const settlements = outcomes.map(([job, change]) => ({ ...leaseOf(job), runMs: 1, change }));
  return (await store.settleAndClaim({ settlements, claims: [] })).settled;
}
