import assert from "node:assert/strict";
import { describe, test, type TestContext } from "node:test";
import { setTimeout } from "node:timers/promises";
import client from "postgres";
import { JobQueue } from "../../mod.ts";
import { postgres } from "../../src/store/postgres.ts";
import { allCompleted } from "./completed.ts";
import { openTestDatabase, whyNoDatabase } from "./database.ts";
import { audit, enqueueUntil } from "./enqueue_ledger.ts";
import { startPgbouncer, whyNoPgbouncer } from "./pgbouncer.ts";
import { workforce } from "./workforce.ts";

const timeout = 120_000;
const times = 10;

describe("connections that drop", { skip: whyNoDatabase }, () => {
  test("all of them, ten times over: nothing is lost", { timeout }, async (t) => {
    await using database = await openTestDatabase();
    await workThrough(t, { url: database.url, directUrl: database.url });
  });

  const skip = whyNoPgbouncer();
  test("those of pgbouncer, ten times over: nothing is lost", { timeout, skip }, async (t) => {
    await using database = await openTestDatabase();
    await using pgbouncer = await startPgbouncer(database.url);
    await workThrough(t, { url: pgbouncer.url, directUrl: database.url, prepare: false });
  });
});

interface Way {
  readonly url: string;
  readonly directUrl: string;
  readonly prepare?: boolean;
}

async function workThrough(t: TestContext, { directUrl, ...way }: Way): Promise<void> {
  const { url, prepare } = way;
  await using queue = new JobQueue({ store: await postgres(url, { prepare }) });
  const limits = { leaseMs: 2_000, handlerMs: 20 };
  await using workers = workforce({ ...way, queueNames: ["orders"], ...limits });
  await workers.start(3);
  const enough = new AbortController();
  const enqueuing = enqueueUntil(enough.signal, queue, "orders");
  const perTime: number[] = [];
  for (let time = 0; time < times; time++) {
    await setTimeout(800);
    perTime.push(await terminateAll(directUrl));
  }
  await setTimeout(800);
  enough.abort();
  const ledger = await enqueuing;
  const { errors, storedUnknown } = await audit(queue, ledger);
  const stored = ledger.stored.length + storedUnknown.length;
  await allCompleted(queue, stored, 60_000);
  await workers.stop();

  const [starts, completions] = [workers.notes("start"), workers.notes("complete")];
  t.diagnostic(`${times} times all connections ended: ${perTime.join(", ")}`);
  t.diagnostic(
    `${ledger.stored.length} jobs stored, ${ledger.refused.length} calls refused: ` +
      JSON.stringify(Object.fromEntries(errors)),
  );
  t.diagnostic(`${stored} jobs completed in ${starts.length} runs`);
  assert.ok(perTime.every((count) => count > 0), "There must have been connections to end");
  assert.ok(ledger.stored.length > 500, "Most enqueues must have come through");
  const settled = completions.map(({ id }) => id);
  assert.equal(new Set(settled).size, settled.length, "None may be settled twice");
}

/** Ends every connection to the database but its own, and says how many there were. */
async function terminateAll(url: string): Promise<number> {
  const sql = client(url, { max: 1 });
  try {
    const ended = await sql`
      select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid()`;
    return ended.length;
  } finally {
    await sql.end();
  }
}
