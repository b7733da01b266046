/**
 * `hammerwork job enqueue`.
 *
 * @module
 */
import { longestDelayMs } from "../../job/backoff.ts";
import { checkQueueName } from "../../job/ids.ts";
import { checkJobOptions, type JobOptions } from "../../job/job_options.ts";
import { definedOnly } from "../../job/new_job.ts";
import type { DependencyFailurePolicy } from "../../job/record.ts";
import type { JobQueue } from "../../queue/queue.ts";
import type { Arguments, Options } from "../arguments.ts";
import type { Command } from "../command.ts";
import { asUsage, UsageError } from "../errors.ts";
import { findJobId } from "../find_by_end.ts";
import type { Io } from "../io.ts";
import { withQueue } from "../open_queue.ts";
import { jsonLine, printJson } from "../print.ts";
import { nearestQueueName } from "../queue_names.ts";
import { type Style, styleOf } from "../text/style.ts";
import { enqueueLines, numberedLines, readJson, type StoredLine } from "./enqueue_lines.ts";

const jobOptions: Options = {
  "trace-id": { value: "ID", help: "the trace of the job; default: a new one" },
  "correlation-id": { value: "ID", help: "the business process of the job" },
  traceparent: { value: "TEXT", help: "of the caller; default: the variable TRACEPARENT" },
  parent: { value: "ID", help: "the parent job" },
  "depends-on": {
    value: "ID",
    multiple: true,
    help: "jobs that must end first, separated by commas",
  },
  "on-dependency-failure": {
    value: "WHAT",
    choices: ["cancel", "run"],
    help: "cancel (default) or run",
  },
  priority: { value: "N", help: "higher runs first; default: 0" },
  delay: { value: "TIME", help: "do not run before: 30s, 15m, 2h from now" },
  "max-attempts": { value: "N", help: "1 to 1000; default: 3" },
  timeout: { value: "TIME", help: "time limit of an attempt" },
  "idempotency-key": { value: "KEY", help: "a second job with the same key is not stored" },
};

/** Enqueues jobs. */
export const jobEnqueue: Command = {
  name: "job enqueue",
  summary: "Enqueues a job, or with - one per line of input.",
  operands: [{ name: "QUEUE" }, { name: "PAYLOAD" }],
  options: jobOptions,
  notes: "PAYLOAD is JSON. With - each line of standard input is a payload, and all jobs\n" +
    "have the same options. An idempotency key KEY becomes KEY:1, KEY:2 and so on by\n" +
    "line number, so the same input can be repeated. Lines are stored in order, in\n" +
    "batches of 500. A line that is not JSON ends the command with exit code 1 and an\n" +
    "error with its number; the lines before it are stored. If the queue had no\n" +
    "jobs and its name is near that of another one, standard error says so. --json\n" +
    "prints the job, or for each stored line { line, id, traceId, deduplicated }.",
  examples: [
    `job enqueue email_queue '{"to":"a@example.com"}' --delay 15m`,
    "job enqueue email_queue 5 --correlation-id order-12345",
    "job enqueue payment_queue - --idempotency-key june < june.ndjson",
  ],
  run: async (args, io) => {
    const [queueName = "", payload = ""] = args.operands;
    asUsage("QUEUE", () => checkQueueName(queueName));
    plainOptions(args, io.env);
    const isMany = payload === "-";
    const value = isMany ? undefined : asUsage("PAYLOAD", () => readJson(payload));
    await withQueue(args, io, async (queue) => {
      const options = await readJobOptions(args, io.env, queue, styleOf(io));
      const meant = await nearestQueueName(queue, queueName);
      if (isMany) await enqueueInput(queue, queueName, options, args, io);
      else await enqueueOne(queue, queueName, value, options, args, io);
      if (meant !== undefined) {
        await io.stderr.write(`${queueName} had no jobs before; did you mean ${meant}?\n`);
      }
    });
  },
};

async function enqueueOne(
  queue: JobQueue,
  queueName: string,
  payload: unknown,
  options: JobOptions,
  args: Arguments,
  io: Io,
): Promise<void> {
  const job = await queue.enqueue(queueName, payload, options);
  if (args.has("json")) return await printJson(io.stdout, job);
  const { paint } = styleOf(io);
  const before = job.deduplicated ? "  (existed already)" : "";
  await io.stdout.write(`${paint("bold", job.id)}  ${job.status}  trace ${job.traceId}${before}\n`);
}

async function enqueueInput(
  queue: JobQueue,
  queueName: string,
  options: JobOptions,
  args: Arguments,
  io: Io,
): Promise<void> {
  let stored = 0;
  let before = 0;
  try {
    const lines = numberedLines(io.stdin);
    for await (const batch of enqueueLines(queue, queueName, lines, options)) {
      before += batch.filter(({ job }) => job.deduplicated).length;
      stored += batch.length;
      if (args.has("json")) await io.stdout.write(batch.map(lineJson).join(""));
      if (io.stderr.isTerminal) await io.stderr.write(`\r${stored.toLocaleString("en")} stored`);
    }
  } finally {
    // Clears the progress line before anything else is printed.
    if (io.stderr.isTerminal && stored > 0) await io.stderr.write("\r\u001b[K");
  }
  if (args.has("json")) return;
  const again = before === 0 ? "" : `, ${before.toLocaleString("en")} of them existed already`;
  const jobs = stored === 1 ? "1 job" : `${stored.toLocaleString("en")} jobs`;
  await io.stdout.write(`${jobs} stored in ${queueName}${again}\n`);
}

function lineJson({ line, job: { id, traceId, deduplicated } }: StoredLine): string {
  return jsonLine({ line, id, traceId, deduplicated });
}

/** The options, with the ids of jobs completed. */
async function readJobOptions(
  args: Arguments,
  env: Io["env"],
  queue: JobQueue,
  style: Style,
): Promise<JobOptions> {
  const { parent, dependsOn, ...rest } = plainOptions(args, env);
  const idOf = (text: string) => findJobId(queue, text, style);
  return definedOnly({
    ...rest,
    parent: parent === undefined ? undefined : await idOf(parent),
    dependsOn: dependsOn && await Promise.all(dependsOn.map(idOf)),
  });
}

/** The options as typed: an id can be the end of one. */
interface PlainOptions extends JobOptions {
  readonly parent: string | undefined;
  readonly dependsOn: readonly string[] | undefined;
}

/**
 * Reads what needs no store.
 *
 * @throws {UsageError} for a value of the wrong form or range.
 */
function plainOptions(args: Arguments, env: Io["env"]): PlainOptions {
  const options = {
    traceId: args.text("trace-id"),
    correlationId: args.text("correlation-id"),
    traceparent: args.text("traceparent") ?? (args.has("trace-id") ? undefined : env.TRACEPARENT),
    onDependencyFailure: args.text("on-dependency-failure") as DependencyFailurePolicy | undefined,
    priority: args.integer("priority", -32_768, 32_767),
    delayMs: args.duration("delay"),
    maxAttempts: args.integer("max-attempts", 1, 1_000),
    timeoutMs: args.duration("timeout"),
    idempotencyKey: args.text("idempotency-key"),
  };
  if ((options.delayMs ?? 0) > longestDelayMs) throw new UsageError("--delay is too long");
  asUsage("Invalid option", () => checkJobOptions(definedOnly(options)));
  return { ...options, parent: args.text("parent"), dependsOn: args.list("depends-on") };
}
