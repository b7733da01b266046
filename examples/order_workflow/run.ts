/** One run: opens everything, works until all jobs have ended, and tells what became of them. */
import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { JobQueue, type Store, WorkerPool } from "../../mod.ts";
import { escapeControlCharactersInLines } from "../../src/control_characters.ts";
import { postgres } from "../../src/store/postgres.ts";
import { sqlite } from "../../src/store/sqlite.ts";
import type { CommandLine } from "./command_line.ts";
import { startGateway } from "./gateway.ts";
import { takeIn } from "./intake.ts";
import { openOrderLines, type OrderLines } from "./orders/order_lines.ts";
import type { Folders, Queues } from "./queues.ts";
import { counted } from "./report/counted.ts";
import { intakeText } from "./report/intake_text.ts";
import { Progress } from "./report/progress.ts";
import { type Standing, standingOf } from "./report/standing.ts";
import { summaryOf } from "./report/summary.ts";
import { timelineOf, traceToShow } from "./report/timeline.ts";
import { serveUntilStopped } from "./serving.ts";
import { type Surroundings, workersOf } from "./workers.ts";

const LOOK_EVERY_MS = 100;

/** Runs until the work is done, or until the signal aborts; the jobs are kept then. */
export async function run(commandLine: CommandLine, signal: AbortSignal): Promise<void> {
  const { orders, database } = commandLine;
  const lines = await openOrderLines(orders);
  await makeFolder(dirname(database));
  const queue = new JobQueue<Queues>({ store: await openStore(commandLine) });
  const gateway = await startGateway();
  const place = { folders: foldersBeside(database), gatewayUrl: gateway.url };
  try {
    const { left } = await work(queue, lines, place, signal);
    if (signal.aborted) console.log(stoppedText(left));
    else await tell(queue);
    if (!commandLine.once && !signal.aborted) await serve(queue, place, commandLine, signal);
  } finally {
    await gateway.close();
    await queue.store.close();
  }
}

function openStore({ database, url }: CommandLine): Promise<Store> {
  return url === undefined ? sqlite(database) : postgres(url);
}

async function makeFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true }).catch((error: Error) => {
    throw new Error(`The folder ${path} cannot be made: ${error.message}`);
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

/** Takes the orders in and works on them at the same time. */
async function work(
  queue: JobQueue<Queues>,
  lines: OrderLines,
  place: Pick<Surroundings, "folders" | "gatewayUrl">,
  signal: AbortSignal,
): Promise<Standing> {
  const progress = new Progress();
  const report = (problem: string) => progress.report(problem);
  const workers = workersOf(queue, {
    ...place,
    hooks: progress.hooks,
    onError: (error) => report(error instanceof Error ? error.message : String(error)),
  });
  const pool = new WorkerPool(workers);
  const look = () => standingOf(queue, workers);
  progress.begin(await look());
  const working = pool.run();
  try {
    const intake = takeIn(queue, lines, { folder: place.folders.imports, signal, report })
      .then((count) => {
        if (!signal.aborted) progress.print(intakeText(count, lines.name));
      });
    await allEnded(intake, look, progress, signal);
    await intake;
    await pool.stop();
    const standing = await look();
    progress.end(standing);
    return standing;
  } finally {
    await pool.stop();
    // The last spans are sent here.
    await working;
  }
}

/** Waits until the orders are in and no job is left; jobs of earlier runs count too. */
async function allEnded(
  intake: Promise<void>,
  look: () => Promise<Standing>,
  progress: Progress,
  signal: AbortSignal,
): Promise<void> {
  let isIn = false;
  const end = () => {
    isIn = true;
  };
  intake.then(end, end);
  while (!signal.aborted) {
    // Before the look: jobs that came in after it would be missed.
    const wasIn = isIn;
    const standing = await look();
    if (wasIn && standing.left === 0) return;
    progress.show(standing);
    await sleep(LOOK_EVERY_MS);
  }
}

/** Goes on working, for whoever adds jobs over HTTP. */
async function serve(
  queue: JobQueue<Queues>,
  place: Pick<Surroundings, "folders" | "gatewayUrl">,
  { port }: CommandLine,
  signal: AbortSignal,
): Promise<void> {
  const workers = workersOf(queue, { ...place, hooks: {} });
  await serveUntilStopped(queue, new WorkerPool(workers), port, signal);
}

function stoppedText(left: number): string {
  return `Stopped with ${counted(left, "job")} left; the same command goes on from here`;
}

async function tell(queue: JobQueue<Queues>): Promise<void> {
  const traceId = await traceToShow(queue);
  // Without an order there is nothing to tell.
  if (traceId === undefined) return;
  for (const text of [await timelineOf(queue, traceId), await summaryOf(queue)]) {
    console.log(escapeControlCharactersInLines(`\n${text}`));
  }
}
