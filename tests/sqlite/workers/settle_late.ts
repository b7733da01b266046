/** Claims a job, says so, and stops itself as SIGSTOP does; when it is continued it tries to settle. */
import process from "node:process";
import { setTimeout } from "node:timers/promises";
import { sqlite } from "../../../src/store/sqlite.ts";

export interface SettleLate {
  readonly database: string;
  readonly queueName: string;
  readonly leaseMs: number;
}

const { database, queueName, leaseMs } = JSON.parse(process.argv[2]!) as SettleLate;
const store = await sqlite(database);
const claims = [{ queueName, limit: 1, leaseMs }];
const { claimed: [job] } = await store.settleAndClaim({ settlements: [], claims });
console.log(`claimed ${job!.id}`);
process.kill(process.pid, "SIGSTOP");
// The signal may reach another thread of this process first.
await setTimeout(100);
const lease = { jobId: job!.id, leaseToken: job!.leaseToken };
const settlement = {
  ...lease,
  change: { status: "completed", outcome: "completed", result: '"late"' },
  runMs: 1,
} as const;
const { settled } = await store.settleAndClaim({ settlements: [settlement], claims: [] });
console.log(`settled ${settled}, extended ${await store.extend([lease], { leaseMs })}`);
await store.close();
