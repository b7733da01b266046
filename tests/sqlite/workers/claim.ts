/**
 * Claims jobs one after another, or takes them as it adds them, until SIGTERM. It says `ready` when it
 * begins, `paused 1.` when it gets none, `resumed 1.` when the pause is over, and so on.
 */
import process from "node:process";
import { setTimeout } from "node:timers/promises";
import type { ClaimedJob, Store } from "../../../src/store.ts";
import { postgres } from "../../../src/store/postgres.ts";
import { sqlite } from "../../../src/store/sqlite.ts";
import { completed, defaultQueue, jobInput, settlement } from "../../conformance/inputs.ts";

export interface Claimer {
  /** The file, or the address of the database. */
  readonly database: string;
  /** Whether it takes what it adds. */
  readonly takes: boolean;
}

const { database, takes } = JSON.parse(process.argv[2]!) as Claimer;
const isPostgres = database.startsWith("postgres");
const store = isPostgres ? (await postgres(database)) as unknown as Store : await sqlite(database);
let isStopping = false;
process.once("SIGTERM", () => isStopping = true);
console.log("ready");
for (let round = 1; !isStopping; round++) {
  if (takes) await takeUntilPaused(`mails_${round}`);
  else await claimUntilPaused();
  if (isStopping) break;
  console.log(`paused ${round}.`);
  while (!isStopping && (await store.settings()).length > 0) await setTimeout(2);
  console.log(`resumed ${round}.`);
}
await store.close();

async function claimUntilPaused(): Promise<void> {
  const claims = [{ queueName: defaultQueue, limit: 2, leaseMs: 600_000 }];
  let held: readonly ClaimedJob[] = [];
  while (!isStopping) {
    const settlements = held.map((job) => settlement(job, completed));
    held = (await store.settleAndClaim({ settlements, claims })).claimed;
    // Without jobs it would be the same, so a pause is what the settings say. The one before is over.
    if (held.length === 0 && (await store.settings()).length > 0) return;
    if (held.length === 0) await setTimeout(1);
  }
}

async function takeUntilPaused(queueName: string): Promise<void> {
  let taken = 0;
  const end = store.offer!({
    reserve: (name) =>
      name === queueName
        ? { leaseMs: 600_000, took: (jobs) => void (taken += jobs.length) }
        : undefined,
  });
  for (let added = 0; !isStopping && taken === added; added++) {
    await store.add([jobInput({ queueName })]);
    if (taken === added) break;
  }
  end();
  while (!isStopping && (await store.settings()).length === 0) await setTimeout(1);
}
