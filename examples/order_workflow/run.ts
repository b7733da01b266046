/** One run: opens the store, takes the orders in, works until all jobs have ended, reports, serves. */
import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { JobQueue, type Store, WorkerPool } from "../../mod.ts";
import { escapeControlCharactersInLines } from "../../src/control_characters.ts";
import { postgres } from "../../src/store/postgres.ts";
import { sqlite } from "../../src/store/sqlite.ts";
import { startGateway } from "./gateway.ts";
import { intakeText, takeIn } from "./intake.ts";
import { openOrderLines, type OrderLines } from "./orders/order_lines.ts";
import { countJobs, type Counts, Progress } from "./report/progress.ts";
import { summaryOf } from "./report/summary.ts";
import { counted } from "./report/text.ts";
import { timelineOf, traceToShow } from "./report/timeline.ts";
import { type Folders, type WorkerSetup, workersOf } from "./workers.ts";
import type { Queues } from "./workflow.ts";

const COUNT_EVERY_MS = 100;

/** What to run. */
export interface RunOptions {
  /** A file of orders, or `-` for standard input; `undefined` stands for the sample orders. */
  readonly orders: string | undefined;
  /** The SQLite file. The files of the handlers are written beside it. */
  readonly database: string;
  /** A Postgres database for the jobs, in place of the SQLite file. */
  readonly url: string | undefined;
  /** Whether to end when all jobs have ended, without serving them. */
  readonly once: boolean;
  /** The port to serve at; 0 takes a free one. */
  readonly port: number;
}

/** Runs until all jobs have ended or, if it serves, until the signal aborts. The jobs are kept. */
export async function run(options: RunOptions, signal: AbortSignal): Promise<void> {
  const { orders, database } = options;
  const lines = await openOrderLines(orders);
  await makeFolder(dirname(database));
  const queue = new JobQueue<Queues>({ store: await openStore(options) });
  const gateway = await startGateway();
  const setup = { folders: foldersBeside(database), gatewayUrl: gateway.url };
  try {
    const { left } = await work(queue, lines, setup, signal);
    if (signal.aborted) console.log(stoppedText(left));
    else await report(queue);
    if (!options.once && !signal.aborted) await serve(queue, setup, options, signal);
  } finally {
    await gateway.close();
    await queue.store.close();
  }
}

function openStore({ database, url }: RunOptions): Promise<Store> {
  return url === undefined ? sqlite(database) : postgres(url);
}

async function makeFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true }).catch((error: Error) => {
    throw new Error(`The folder ${path} cannot be created: ${error.message}`);
  });
}

function foldersBeside(database: string): Folders {
  const folder = dirname(database);
  return {
    receipts: join(folder, "receipts"),
    reservations: join(folder, "reservations"),
    imports: join(folder, "imports"),
  };
}

/** Takes the orders in and works on their jobs at the same time. */
async function work(
  queue: JobQueue<Queues>,
  lines: OrderLines,
  setup: WorkerSetup,
  signal: AbortSignal,
): Promise<Counts> {
  const progress = new Progress();
  const onProblem = (problem: string) => progress.report(problem);
  const workers = workersOf(queue, {
    ...setup,
    hooks: progress.hooks,
    onError: (error) => onProblem(error instanceof Error ? error.message : String(error)),
  });
  const pool = new WorkerPool(workers);
  const count = () => countJobs(queue, workers);
  progress.begin(await count());
  const working = pool.run();
  try {
    const intake = takeIn(queue, lines, { folder: setup.folders.imports, signal, onProblem })
      .then((result) => {
        if (!signal.aborted) progress.print(intakeText(result, lines.name));
      });
    await allEnded(intake, count, progress, signal);
    await intake;
    await pool.stop();
    const counts = await count();
    progress.end(counts);
    return counts;
  } finally {
    await pool.stop();
    // The last spans are exported here.
    await working;
  }
}

/** Waits until the orders are in and all jobs have ended, those of earlier runs too. */
async function allEnded(
  intake: Promise<void>,
  count: () => Promise<Counts>,
  progress: Progress,
  signal: AbortSignal,
): Promise<void> {
  let isIn = false;
  const end = () => {
    isIn = true;
  };
  intake.then(end, end);
  while (!signal.aborted) {
    // Read before counting: a job enqueued after the count would be missed.
    const wasIn = isIn;
    const counts = await count();
    if (wasIn && counts.left === 0) return;
    progress.show(counts);
    await sleep(COUNT_EVERY_MS);
  }
}

/** Keeps working on the jobs that are added over HTTP. */
async function serve(
  queue: JobQueue<Queues>,
  setup: WorkerSetup,
  { port }: RunOptions,
  signal: AbortSignal,
): Promise<void> {
  // Imported here, so that a run with --once needs no Hono.
  const { serveUntilStopped } = await import("./serving.ts");
  await serveUntilStopped(queue, new WorkerPool(workersOf(queue, setup)), port, signal);
}

function stoppedText(left: number): string {
  return `Stopped with ${counted(left, "job")} left; the same command continues with them`;
}

async function report(queue: JobQueue<Queues>): Promise<void> {
  const traceId = await traceToShow(queue);
  // Without an order there is nothing to report.
  if (traceId === undefined) return;
  for (const text of [await timelineOf(queue, traceId), await summaryOf(queue)]) {
    console.log(escapeControlCharactersInLines(`\n${text}`));
  }
}
