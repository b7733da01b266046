/**
 * `hammerwork job enqueue`.
 *
 * @module
 */
import { checkQueueName } from "../../job/ids.ts";
import type { JobOptions } from "../../job/job_options.ts";
import type { JobQueue } from "../../queue/queue.ts";
import type { Command } from "../command.ts";
import { asUsage } from "../errors.ts";
import type { Given } from "../given.ts";
import type { Io } from "../io.ts";
import { withQueue } from "../open_queue.ts";
import { jsonLine, printJson } from "../print.ts";
import { lookOf } from "../text/look.ts";
import { enqueueLines, readJson, type StoredLine } from "./enqueue_lines.ts";
import { numberedLines } from "./lines.ts";
import { jobOptions, plainOptions, readJobOptions } from "./options.ts";

/** Stores jobs. */
export const jobEnqueue: Command = {
  name: "job enqueue",
  summary: "Stores a job, or with - one for each line of input.",
  operands: [{ name: "QUEUE" }, { name: "PAYLOAD" }],
  options: jobOptions,
  notes: "PAYLOAD is JSON. With - each line of standard input is one, and all have the\n" +
    "same options; an idempotency key KEY becomes KEY:1, KEY:2 … by line, so that the\n" +
    "same input is stored once. Lines are stored in order, 500 in one step. At a line\n" +
    "that is no payload it stops: the lines before it are stored, it says the line's\n" +
    "number, and the exit code is 1. --json prints the job, or for each line that is\n" +
    "stored { line, id, traceId, deduplicated }.",
  examples: [
    `job enqueue email_queue '{"to":"a@example.com"}' --delay 15m`,
    "job enqueue email_queue 5 --correlation-id order-12345",
    "job enqueue payment_queue - --idempotency-key june < june.ndjson",
  ],
  run: async (given, io) => {
    const [queueName = "", payload = ""] = given.operands;
    asUsage("QUEUE", () => checkQueueName(queueName));
    plainOptions(given, io.env);
    const isMany = payload === "-";
    const value = isMany ? undefined : asUsage("PAYLOAD", () => readJson(payload));
    await withQueue(given, io, async (queue) => {
      const options = await readJobOptions(given, io.env, queue, lookOf(io));
      if (isMany) await enqueueInput(queue, queueName, options, given, io);
      else await enqueueOne(queue, queueName, value, options, given, io);
    });
  },
};

async function enqueueOne(
  queue: JobQueue,
  queueName: string,
  payload: unknown,
  options: JobOptions,
  given: Given,
  io: Io,
): Promise<void> {
  const job = await queue.enqueue(queueName, payload, options);
  if (given.has("json")) return await printJson(io.stdout, job);
  const { paint } = lookOf(io);
  const before = job.deduplicated ? "  (stored before)" : "";
  await io.stdout.write(`${paint("bold", job.id)}  ${job.status}  trace ${job.traceId}${before}\n`);
}

async function enqueueInput(
  queue: JobQueue,
  queueName: string,
  options: JobOptions,
  given: Given,
  io: Io,
): Promise<void> {
  let stored = 0;
  let before = 0;
  try {
    const lines = numberedLines(io.stdin);
    for await (const batch of enqueueLines(queue, queueName, lines, options)) {
      before += batch.filter(({ job }) => job.deduplicated).length;
      stored += batch.length;
      if (given.has("json")) await io.stdout.write(batch.map(lineJson).join(""));
      if (io.stderr.isTerminal) await io.stderr.write(`\r${stored.toLocaleString("en")} stored`);
    }
  } finally {
    // The line that was written over and over goes before anything else is said.
    if (io.stderr.isTerminal && stored > 0) await io.stderr.write("\r\u001b[K");
  }
  if (given.has("json")) return;
  const again = before === 0 ? "" : `, ${before.toLocaleString("en")} of them before`;
  const jobs = stored === 1 ? "1 job" : `${stored.toLocaleString("en")} jobs`;
  await io.stdout.write(`${jobs} stored in ${queueName}${again}\n`);
}

function lineJson({ line, job: { id, traceId, deduplicated } }: StoredLine): string {
  return jsonLine({ line, id, traceId, deduplicated });
}
