import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import pg from "postgres";
import type { ClaimedJob, Store } from "../../src/store.ts";
import { postgres } from "../../src/store/postgres.ts";
import { jobInput, settlement } from "../conformance/inputs.ts";
import { type Server, startServer } from "./server.ts";
import { whyNoServer } from "./server_programs.ts";

const workerName = "web-1:42";

/** What some work wrote. Numbers of rows and entries, by the name of their table or index. */
interface Cost {
  /** Row versions that were added: by an insert, or by an update. */
  readonly versions: Readonly<Record<string, number>>;
  /** Row versions that vacuum has to remove: of rows that were updated, or deleted. */
  readonly dead: Readonly<Record<string, number>>;
  /** Index entries; `undefined` on a server that cannot tell. */
  readonly entries: Readonly<Record<string, number>> | undefined;
  readonly walBytes: number;
}

// None of these depends on the machine: what a server writes of itself is left out.
const settings = {
  autovacuum: "off",
  full_page_writes: "off",
  wal_level: "minimal",
  max_wal_senders: 0,
  checkpoint_timeout: "1h",
};

describe("what jobs cost a server", { skip: whyNoServer() }, () => {
  let server: Server;
  let sql: pg.Sql;
  let store: Store;
  let hasWalReader: boolean;
  before(async () => {
    server = await startServer({ settings });
    sql = pg(server.url, { max: 1, onnotice: () => {} });
    hasWalReader = (await sql`
      select from pg_available_extensions where name = 'pg_walinspect' and default_version >= '1.1'`)
      .length > 0;
    if (hasWalReader) await sql`create extension pg_walinspect`;
    store = await postgres(server.url);
    await store.announce({ name: workerName, queueNames: ["orders"], nextInMs: 1, keepMs: 1 });
    // Indexes have a page or two then.
    await enqueue(1_000, 1_000);
    await drain(100);
  });
  after(async () => {
    await store.close();
    await sql.end();
    await server[Symbol.asyncDispose]();
  });

  async function enqueue(count: number, inCall: number): Promise<void> {
    for (let at = 0; at < count; at += inCall) {
      await store.add(Array.from({ length: inCall }, () => jobInput()));
    }
  }

  const claim = async (most: number, settled: readonly ClaimedJob[] = []) => {
    const completed = { status: "completed", outcome: "completed" } as const;
    const { claimed } = await store.settleAndClaim({
      settlements: settled.map((job) => settlement(job, completed)),
      claims: [{ queueName: "orders", limit: most, leaseMs: 60_000, workerName }],
    });
    return claimed;
  };

  /** As a worker does: the outcomes of some come with the claim of the next. */
  async function drain(most: number): Promise<void> {
    for (let jobs = await claim(most); jobs.length > 0;) jobs = await claim(most, jobs);
  }

  /** A server counts what a session has written at its end. */
  async function counts() {
    await store.close();
    store = await postgres(server.url, { migrate: false });
    return await sql<{ name: string; added: number; dead: number }[]>`
      select relname as name, (n_tup_ins + n_tup_upd)::float8 as added,
        (n_tup_upd + n_tup_del)::float8 as dead
      from pg_stat_all_tables where schemaname = 'hammerwork'`;
  }

  async function position(): Promise<string> {
    // What is committed later without waiting for the disk could not be read yet.
    await sql`select pg_logical_emit_message(true, 'test', '')`;
    const [row] = await sql`select pg_current_wal_insert_lsn()::text as lsn`;
    return row!.lsn;
  }

  /** Of each job. */
  async function costOf(jobs: number, work: () => Promise<unknown>): Promise<Cost> {
    const before = new Map((await counts()).map((table) => [table.name, table]));
    const from = await position();
    await work();
    const to = await position();
    const tables = await counts();
    const perJob = (rows: Iterable<readonly [string, number]>) =>
      Object.fromEntries(
        [...rows].filter(([, count]) => count > 0).map(([name, count]) => [name, count / jobs]),
      );
    const grown = (count: "added" | "dead") =>
      perJob(tables.map((table) => [table.name, table[count] - before.get(table.name)![count]]));
    const [wal] = await sql<{ bytes: number }[]>`
      select (${to}::pg_lsn - ${from}::pg_lsn)::float8 as bytes`;
    const entries = hasWalReader
      ? await sql<{ name: string; count: number }[]>`
        select c.relname as name, count(*)::float8 as count
        from pg_get_wal_block_info(${from}, ${to}, false) b
          join pg_class c on c.relfilenode = b.relfilenode
        where b.resource_manager = 'Btree' and b.block_id = 0
          and b.record_type in ('INSERT_LEAF', 'INSERT_POST', 'SPLIT_L', 'SPLIT_R')
        group by 1 order by 1`
      : undefined;
    return {
      versions: grown("added"),
      dead: grown("dead"),
      entries: entries && perJob(entries.map(({ name, count }) => [name, count])),
      walBytes: wal!.bytes / jobs,
    };
  }

  /** To two places: an index that grows by a page has an entry for that. */
  function assertEntries(entries: Cost["entries"], expected: Cost["entries"]): void {
    if (entries === undefined) return;
    const rounded = Object.entries(entries).map(([name, n]) => [name, Math.round(n * 100) / 100]);
    assert.deepEqual(Object.fromEntries(rounded), expected);
  }

  function assertWal(walBytes: number, expected: number, tolerance = 0.05): void {
    assert.ok(Math.abs(walBytes - expected) <= expected * tolerance, `${walBytes} bytes`);
  }

  test("in calls of 1,000: an enqueue two rows and six index entries", async (t) => {
    const { versions, dead, entries, walBytes } = await costOf(2_000, () => enqueue(2_000, 1_000));
    t.diagnostic(`${walBytes} bytes of WAL a job`);
    assert.deepEqual(versions, { enqueued: 1, ready: 1 });
    assert.deepEqual(dead, {});
    assertEntries(entries, {
      enqueued_pkey: 1,
      enqueued_id_key: 1,
      enqueued_queue: 1,
      enqueued_trace: 1,
      ready_pkey: 1,
      ready_order: 1,
    });
    assertWal(walBytes, 757);
  });

  test("claimed and completed by 100: one row and two index entries, and the claim's row", async (t) => {
    const { versions, dead, entries, walBytes } = await costOf(2_000, () => drain(100));
    t.diagnostic(`${walBytes} bytes of WAL a job`);
    assert.deepEqual(versions, { ended: 1, claims: 0.01 });
    assert.deepEqual(dead, { ready: 1, claims: 0.01 });
    assertEntries(entries, {
      ended_pkey: 1,
      ended_finished: 1,
      claims_pkey: 0.01,
      claims_lapsing: 0.01,
      claims_sequences: 0.01,
    });
    assertWal(walBytes, 420);
  });

  test("alone: nothing more at its enqueue, then a claim of its own", async (t) => {
    const enqueued = await costOf(200, () => enqueue(200, 1));
    const drained = await costOf(200, () => drain(1));
    t.diagnostic(`${enqueued.walBytes} and ${drained.walBytes} bytes of WAL a job`);
    assert.deepEqual(enqueued.versions, { enqueued: 1, ready: 1 });
    assert.deepEqual(drained.versions, { ended: 1, claims: 1 });
    assert.deepEqual(drained.dead, { ready: 1, claims: 1 });
    // The summary of the times in a range of pages is written anew in each millisecond with a job.
    assertWal(enqueued.walBytes, 820, 0.1);
    assertWal(drained.walBytes, 886);
  });

  test("a worker that says that it is there: a row, and no index entry", async () => {
    const announcement = { name: workerName, queueNames: ["orders"], nextInMs: 1, keepMs: 1 };
    const { versions, dead, entries } = await costOf(10, async () => {
      for (let n = 0; n < 10; n++) await store.announce(announcement);
    });
    assert.deepEqual([versions, dead], [{ workers: 1 }, { workers: 1 }]);
    assertEntries(entries, {});
  });

  test("1,000 that run in one claim: a row for each heartbeat, and none for the look of it", async (t) => {
    await enqueue(1_000, 1_000);
    const claimed = await claim(1_000);
    const leases = claimed.map(({ id, leaseToken }) => ({ jobId: id, leaseToken }));
    assert.equal(leases.length, 1_000);
    const beat = () => store.extend(leases, { leaseMs: 60_000 });
    await beat();
    const { versions, dead, entries, walBytes } = await costOf(10, async () => {
      for (let n = 0; n < 10; n++) await beat();
    });
    t.diagnostic(`${walBytes} bytes of WAL a heartbeat`);
    assert.deepEqual([versions, dead], [{ claims: 1 }, { claims: 1 }]);
    assertEntries(entries, { claims_pkey: 1, claims_lapsing: 1, claims_sequences: 1 });
    assert.ok(walBytes < 1_000, `${walBytes} bytes`);
    const looked = await costOf(1, () => store.check(leases));
    assert.deepEqual([looked.versions, looked.dead], [{}, {}]);
  });
});
