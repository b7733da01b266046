/**
 * Jobs from lines of JSON: stored batch by batch, in order, as far as the lines are good.
 *
 * @module
 */
import { InputRangeError, InputTypeError, isInputError } from "../../job/input_error.ts";
import { parseExactly } from "../../job/exact_json.ts";
import { toJson } from "../../job/json.ts";
import type { Job } from "../../job/job.ts";
import type { JobOptions } from "../../job/job_options.ts";
import { job, type NewJob } from "../../job/new_job.ts";
import type { JobQueue } from "../../queue/queue.ts";
import { FailedError } from "../errors.ts";
import type { NumberedLine } from "./lines.ts";

/** A stored job and the line that it came from. */
export interface StoredLine {
  readonly line: number;
  readonly job: Job & { readonly deduplicated: boolean };
}

interface Parsed {
  readonly number: number;
  readonly newJob: NewJob;
}

const BATCH = 500;

/**
 * Gives each batch when it is stored. At a line that is no payload, or where the input breaks, it
 * stores the good ones before it, and stops.
 *
 * @throws {FailedError} that tells the line, and how many lines before it are stored.
 */
export async function* enqueueLines(
  queue: JobQueue,
  queueName: string,
  lines: AsyncIterable<NumberedLine>,
  options: JobOptions,
): AsyncGenerator<readonly StoredLine[]> {
  const parsed = (line: NumberedLine) => parse(line, queueName, options, queue.maxPayloadBytes);
  let stored = 0;
  for await (const { batch, error } of batchesOf(lines, parsed)) {
    if (batch.length > 0) {
      const done = await storeBatch(queue, batch, stored);
      stored += done.length;
      yield done;
    }
    if (error === undefined) continue;
    const next = error instanceof LineError ? `, go on with line ${error.line}` : "";
    throw new FailedError(`${error.message}; ${standing(stored)}${next}`, { cause: error });
  }
}

/** Lines for one step, and what ended them, unless that was their end. */
interface Batch {
  readonly batch: readonly Parsed[];
  readonly error?: Error;
}

/** A line that is no payload. */
class LineError extends Error {
  readonly line: number;

  constructor(line: number, cause: Error) {
    super(`Line ${line} is no payload: ${cause.message}`, { cause });
    this.line = line;
  }
}

async function* batchesOf(
  lines: AsyncIterable<NumberedLine>,
  parse: (line: NumberedLine) => Parsed,
): AsyncGenerator<Batch> {
  let batch: Parsed[] = [];
  try {
    for await (const line of lines) {
      batch.push(parse(line));
      if (batch.length < BATCH) continue;
      yield { batch };
      batch = [];
    }
    yield { batch };
  } catch (error) {
    yield { batch, error: error as Error };
  }
}

/** @throws {LineError} */
function parse(
  { number, text }: NumberedLine,
  queueName: string,
  options: JobOptions,
  maxPayloadBytes: number,
): Parsed {
  const { idempotencyKey } = options;
  const key = idempotencyKey === undefined ? {} : { idempotencyKey: `${idempotencyKey}:${number}` };
  try {
    const payload = readJson(text);
    toJson(payload, "the payload", maxPayloadBytes);
    return { number, newJob: job(queueName, payload, { ...options, ...key }) };
  } catch (error) {
    throw new LineError(number, error as Error);
  }
}

/** Not in the runtime's words, which differ, and repeat the text. */
export function readJson(text: string): unknown {
  try {
    return parseExactly(text.replace(/^\ufeff/, ""));
  } catch (error) {
    if (isInputError(error)) {
      throw error.path === "" ? error : new InputRangeError(`${error.path}: ${error.message}`);
    }
    const start = text.trim().slice(0, 30);
    throw new InputTypeError(`JSON was expected: got ${JSON.stringify(start)}`);
  }
}

async function storeBatch(
  queue: JobQueue,
  batch: readonly Parsed[],
  stored: number,
): Promise<readonly StoredLine[]> {
  try {
    const jobs = await queue.enqueue(batch.map(({ newJob }) => newJob));
    return jobs.map((one, i) => ({ line: batch[i]!.number, job: one }));
  } catch (error) {
    const { number } = batch[0]!;
    throw new FailedError(
      `${(error as Error).message}; ${standing(stored)}, go on with line ${number}`,
      { cause: error },
    );
  }
}

function standing(stored: number): string {
  if (stored === 0) return "nothing is stored";
  if (stored === 1) return "the one job before it is stored";
  return `the ${stored.toLocaleString("en")} jobs before it are stored`;
}
