/**
 * `npm run moves`: how often a reader who follows one call has to change files. A move is a call of a
 * function that lives in another file than the code that calls it; returns are not counted, nor what
 * the runtime calls. Getters, constructors and callbacks are functions like any other.
 *
 * `npm run moves -- tick` prints each of the calls too; `--json` prints the figures as JSON.
 *
 * The jobs are trivial, the store is in memory, nothing is traced, and the clock stands still: so the
 * figures are the same each time.
 *
 * @module
 */
import process from "node:process";
import { JobQueue, memory } from "../mod.ts";
import { jobRouter } from "../src/http.ts";
import { type Call, recordCalls } from "./moves/recorder.ts";
import { table } from "./report/table.ts";

const root = new URL("../", import.meta.url).href;
const storeFile = /^src\/store\//;

async function main(): Promise<void> {
  const startedAt = performance.now();
  performance.now = () => startedAt;
  const trips = tripsOf(new JobQueue<{ email_queue: { to: string } }>({ store: memory() }));
  const names = Object.keys(trips);
  const all = async () => {
    for (const trip of Object.values(trips)) await trip();
  };
  // The first tick does the store's maintenance, and a first call may set something up.
  await all();
  const calls = await recordCalls(root, all, Object.values(trips));
  const [wanted] = process.argv.slice(2);
  if (wanted === "--json") return console.log(JSON.stringify(figures(names, calls)));
  for (const call of calls[names.indexOf(wanted ?? "")] ?? []) console.log(lineOf(call));
  const rows = figures(names, calls).map(({ name, ...figure }) => [
    name,
    ...Object.values(figure).map(String),
  ]);
  console.log(table(["", "moves", "of them in the store", "files", "calls"], rows));
}

/** What is followed, by its name, in an order in which each finds what it needs. */
function tripsOf(
  queue: JobQueue<{ email_queue: { to: string } }>,
): Readonly<Record<string, () => Promise<unknown>>> {
  const worker = queue.worker("email_queue", () => {});
  const router = jobRouter(queue, { publicAccess: "read" });
  const traceId = "550e8400e29b41d4a716446655440000";
  let id = "";
  return {
    enqueue: async () => ({ id } = await queue.enqueue("email_queue", { to: "a" }, { traceId })),
    tick: () => worker.tick(),
    find: () => queue.find({ traceId, limit: 1 }),
    get: () => queue.get(id),
    "GET /jobs/{id}": async () => (await router.request(`/jobs/${id}`)).text(),
  };
}

interface Figure {
  readonly name: string;
  readonly moves: number;
  readonly inStore: number;
  readonly files: number;
  readonly calls: number;
}

function figures(
  names: readonly string[],
  calls: readonly (readonly Call[])[],
): readonly Figure[] {
  return names.map((name, i) => {
    const moves = calls[i]!.filter(({ file, caller }) => caller !== undefined && caller !== file);
    return {
      name,
      moves: moves.length,
      inStore: moves.filter(({ caller }) => storeFile.test(caller!)).length,
      files: new Set(calls[i]!.map(({ file }) => file)).size,
      calls: calls[i]!.length,
    };
  });
}

function lineOf({ name, file, caller }: Call): string {
  const from = caller === file ? "" : ` <- ${caller ?? "the runtime"}`;
  return `${file} ${name || "(callback)"}${from}`;
}

await main();
