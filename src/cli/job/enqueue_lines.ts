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
 * Gives each batch when it is stored. At a line that is no payload it stores the good ones before it,
 * and stops.
 *
 * @throws {FailedError} that tells the line, and how many lines before it are stored.
 */
export async function* enqueueLines(
  queue: JobQueue,
  queueName: string,
  lines: AsyncIterable<NumberedLine>,
  options: JobOptions,
): AsyncGenerator<readonly StoredLine[]> {
  let stored = 0;
  let batch: Parsed[] = [];
  const store = async () => {
    const done = await storeBatch(queue, batch, stored);
    stored += done.length;
    batch = [];
    return done;
  };
  for await (const line of lines) {
    let parsed: Parsed;
    try {
      parsed = parse(line, queueName, options, queue.maxPayloadBytes);
    } catch (error) {
      if (batch.length > 0) yield await store();
      throw new FailedError(
        `Line ${line.number} is no payload: ${(error as Error).message}; ${standing(stored)}, ` +
          `go on with line ${line.number}`,
        { cause: error },
      );
    }
    batch.push(parsed);
    if (batch.length === BATCH) yield await store();
  }
  if (batch.length > 0) yield await store();
}

function parse(
  { number, text }: NumberedLine,
  queueName: string,
  options: JobOptions,
  maxPayloadBytes: number,
): Parsed {
  const payload = readJson(text);
  toJson(payload, "the payload", maxPayloadBytes);
  const { idempotencyKey } = options;
  const key = idempotencyKey === undefined ? {} : { idempotencyKey: `${idempotencyKey}:${number}` };
  return { number, newJob: job(queueName, payload, { ...options, ...key }) };
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
