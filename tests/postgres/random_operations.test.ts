/**
 * Anything that can be asked of a store, by several processes' stores at the same moment: each job is in
 * one place at every moment, and in the end all have ended.
 */

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import pg from "postgres";
import { StoreTimeoutError } from "../../mod.ts";
import { postgres, type Sql } from "../../src/store/postgres.ts";
import type {
  Change,
  ChangeFilter,
  ClaimedJob,
  JobInput,
  MassChange,
  Store,
} from "../../src/store.ts";
import {
  completed,
  failed,
  jobInput,
  leaseOf,
  neverStarted,
  newTraceId,
  reason,
  released,
  retrying,
  settlement,
} from "../conformance/inputs.ts";
import { openTestDatabase, type TestDatabase, whyNoDatabase } from "./database.ts";
import { misplaced } from "./places.ts";

const timeout = 120_000;
const schema = "anything";
const queueNames = ["a", "b", "c"];
const storeCount = 4;
const clientsOfStore = 2;
const workMs = 6_000;

const below = (count: number) => Math.floor(Math.random() * count);
const oneOf = <T>(values: readonly T[]): T => values[below(values.length)]!;
const isOnce = (times: number) => below(times) === 0;
const anyLeaseMs = () => oneOf([30, 100, 400, 5_000]);

const changes: readonly Change[] = [
  completed,
  completed,
  completed,
  failed,
  { ...retrying, delayMs: 50 },
  released,
  neverStarted,
];

/** What the clients of one store share, and what all know. */
interface Office {
  readonly store: Store<Sql>;
  /** Claimed, and not settled yet. */
  readonly held: ClaimedJob[];
  /** Of all jobs, whoever added them. */
  readonly ids: string[];
  readonly traceIds: readonly string[];
  readonly sql: pg.Sql;
}

/** Most likely one of the last. */
function anyId({ ids }: Office): string {
  return ids[Math.max(0, ids.length - 1 - below(isOnce(3) ? 2_000 : 60))] ?? crypto.randomUUID();
}

function anyInputs(office: Office): readonly JobInput[] {
  const inputs: JobInput[] = [];
  const queueName = oneOf(queueNames);
  for (let left = isOnce(10) ? 60 : 1 + below(4); left > 0; left--) {
    const others = Array.from(
      { length: isOnce(3) ? 1 + below(3) : 0 },
      () => isOnce(2) && inputs.length > 0 ? oneOf(inputs).id : anyId(office),
    );
    inputs.push(jobInput({
      queueName: isOnce(5) ? oneOf(queueNames) : queueName,
      dependsOn: office.ids.length > 0 ? [...new Set(others)] : [],
      onDependencyFailure: oneOf(["cancel", "run"]),
      maxAttempts: 1 + below(3),
      ...isOnce(2) && { traceId: oneOf(office.traceIds) },
      ...isOnce(3) && { parentId: anyId(office) },
      ...isOnce(5) && { delayMs: below(200) },
      ...isOnce(5) && { priority: below(5) - 2 },
      ...isOnce(7) && { idempotencyKey: `key ${below(100)}` },
    }));
  }
  return inputs;
}

const operations: readonly ((office: Office) => Promise<unknown>)[] = [
  async (office) => office.ids.push(...await idsOf(office.store.add(anyInputs(office)))),
  async (office) => {
    const end = office.store.offer!({
      reserve: () => ({ leaseMs: 300, took: (jobs) => void office.held.push(...jobs) }),
    });
    try {
      const inputs = Array.from({ length: 1 + below(3) }, () => jobInput({ queueName: "a" }));
      office.ids.push(...await idsOf(office.store.add(inputs)));
    } finally {
      end();
    }
  },
  async (office) => {
    const ids = await office.sql.begin(async (sql) => {
      const transaction = sql as unknown as Sql;
      const added = await idsOf(office.store.add(anyInputs(office), { transaction }));
      await setTimeout(below(20));
      if (isOnce(5)) await sql`select 1 / 0`;
      return added;
    }).catch(unless("22012"));
    office.ids.push(...ids ?? []);
  },
  settleAndClaim,
  settleAndClaim,
  settleAndClaim,
  async ({ store, held }) => {
    const extended = held.filter(() => isOnce(2));
    const attempt = oneOf(["waits", "begins", "running"] as const);
    const extensions = extended.map((job) => ({ ...leaseOf(job), attempt }));
    const states = await store.extend(extensions, { leaseMs: anyLeaseMs() });
    for (const [i, job] of extended.entries()) {
      const at = held.indexOf(job);
      if (states[i] !== "held" && at >= 0) held.splice(at, 1);
    }
  },
  (office) => office.store.cancel(anyId(office), { error: reason, descendants: isOnce(3) }),
  (office) => office.store.retry(anyId(office), { dependents: !isOnce(3), force: isOnce(3) }),
  async (office) => {
    const { store, traceIds } = office;
    const operator = isOnce(2) ? { by: "anybody" } : undefined;
    const which = oneOf<ChangeFilter>([
      { traceId: oneOf(traceIds) },
      { queueNames: [oneOf(queueNames)], createdFrom: Date.now() - below(500) },
      { ids: Array.from({ length: 20 }, () => anyId(office)) },
    ]);
    const what = oneOf<MassChange>([
      { type: "cancel", error: reason, operator },
      { type: "retry", dependents: !isOnce(3), force: isOnce(3), operator },
      { type: "retry", operator },
      { type: "reschedule", delayMs: below(3) * 50, priority: below(5) - 2, operator },
      { type: "delete" },
    ]);
    const options = { limit: 1 + below(100) };
    const { after, at } = await store.change(which, what, options);
    if (after !== undefined) await store.change({ ...which, after, asOf: at }, what, options);
  },
  ({ store }) => store.maintain({ retentionMs: isOnce(2) ? 1e9 : 1_000, limit: 1 + below(100) }),
  async ({ store }) => {
    await store.traceEnds!.settle(await store.traceEnds!.claim({ limit: 50, leaseMs: 100 }));
  },
  ({ sql }) => sql.unsafe(`select ${schema}.truncate_emptied(0)`),
];

async function settleAndClaim({ store, held }: Office): Promise<void> {
  const settlements = held.splice(0, below(held.length + 1))
    .map((job) => settlement(job, oneOf(changes)));
  const leaseMs = anyLeaseMs();
  const claims = queueNames.filter(() => !isOnce(3))
    .map((queueName) => ({ queueName, limit: 1 + below(20), leaseMs }));
  held.push(...(await store.settleAndClaim({ settlements, claims })).claimed);
}

async function idsOf(adding: ReturnType<Store["add"]>): Promise<readonly string[]> {
  return (await adding).map(({ job }) => job.id);
}

/** Passes over an error with this code. */
function unless(code: string): (error: unknown) => undefined {
  return (error) => {
    if ((error as { code?: unknown }).code !== code) throw error;
    return undefined;
  };
}

/** One that a removed job keeps from being added, or that was given up in time, changes nothing. */
function isExpected(error: unknown): boolean {
  return error instanceof StoreTimeoutError ||
    (error instanceof RangeError && error.message.startsWith("A dependency must be"));
}

describe("any operations at the same moment", { skip: whyNoDatabase }, () => {
  let database: TestDatabase;
  let sql: pg.Sql;
  before(async () => {
    database = await openTestDatabase();
    sql = pg(database.url, { max: 4, onnotice: () => {} });
  });
  after(async () => {
    await sql.end();
    await database.drop();
  });

  /** Until all transactions are over, dependents may wait for what has ended. */
  const misplacedNow = async () =>
    (await misplaced(sql, schema)).filter((what) => !what.includes("though it waits"));

  async function workAlone(office: Office, until: number): Promise<void> {
    while (performance.now() < until) {
      try {
        await oneOf(operations)(office);
      } catch (error) {
        if (!isExpected(error)) throw error;
      }
    }
  }

  async function watch(until: number): Promise<void> {
    while (performance.now() < until) {
      assert.deepEqual(await misplacedNow(), []);
      await setTimeout(20);
    }
  }

  /** Ends all jobs, if none is stuck. */
  async function drain(store: Store): Promise<void> {
    const claims = queueNames.map((queueName) => ({ queueName, limit: 1_000, leaseMs: 60_000 }));
    const giveUpAt = performance.now() + 60_000;
    for (;;) {
      const { claimed } = await store.settleAndClaim({ settlements: [], claims });
      const settlements = claimed.map((job) => settlement(job, completed));
      await store.settleAndClaim({ settlements, claims: [] });
      await store.maintain({ retentionMs: 1e9, limit: 10_000 });
      if (claimed.length > 0) continue;
      const unfinished = (await store.counts()).filter(({ status }) =>
        !["completed", "failed", "cancelled"].includes(status)
      );
      if (unfinished.length === 0) return;
      assert.ok(performance.now() < giveUpAt, JSON.stringify(unfinished));
      await setTimeout(20);
    }
  }

  test("leave each job in one place at every moment, and let all end", { timeout }, async () => {
    const ids: string[] = [];
    const traceIds = Array.from({ length: 5 }, newTraceId);
    const offices: Office[] = [];
    for (let i = 0; i < storeCount; i++) {
      const store = await postgres(database.url, { schema });
      offices.push({ store, held: [], ids, traceIds, sql });
    }
    const until = performance.now() + workMs;
    const clients = offices.flatMap((office) =>
      Array.from({ length: clientsOfStore }, () => workAlone(office, until))
    );
    await Promise.all([watch(until), ...clients]);
    await drain(offices[0]!.store);
    assert.deepEqual(await misplaced(sql, schema), []);
    for (const { store } of offices) await store.close();
  });
});
