/**
 * Enqueues a job for each line of JSON, in order and in batches, up to the first invalid line.
 *
 * @module
 */
import { InputRangeError, InputTypeError, isInputError } from "../../job/checks.ts";
import { parseExactly, toJson } from "../../job/json.ts";
import type { Job } from "../../job/job.ts";
import type { JobOptions } from "../../job/job_options.ts";
import { job, type NewJob } from "../../job/new_job.ts";
import type { JobQueue } from "../../queue/queue.ts";
import { FailedError } from "../errors.ts";

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
 * Yields each batch when it is stored. At an invalid line, or when reading fails, it stores the lines
 * before and throws.
 *
 * @throws {FailedError} with the number of the line and the count of the lines stored before it.
 */
export async function* enqueueLines(
  queue: JobQueue,
  queueName: string,
  lines: AsyncIterable<NumberedLine>,
  options: JobOptions,
): AsyncGenerator<readonly StoredLine[]> {
  const parsed = (line: NumberedLine) => parseLine(line, queueName, options, queue.maxPayloadBytes);
  let stored = 0;
  for await (const { batch, error } of batchesOf(lines, parsed)) {
    if (batch.length > 0) {
      const done = await storeBatch(queue, batch, stored);
      stored += done.length;
      yield done;
    }
    if (error === undefined) continue;
    const next = error instanceof LineError ? `, continue with line ${error.line}` : "";
    throw new FailedError(`${error.message}; ${storedText(stored)}${next}`, { cause: error });
  }
}

/** The lines of one call of `enqueue`, and the error that ended them, if one did. */
interface LineBatch {
  readonly batch: readonly Parsed[];
  readonly error?: Error;
}

/** A line that is not a payload. */
class LineError extends Error {
  readonly line: number;

  constructor(line: number, cause: Error) {
    super(`Line ${line} is not a payload: ${cause.message}`, { cause });
    this.line = line;
  }
}

async function* batchesOf(
  lines: AsyncIterable<NumberedLine>,
  parse: (line: NumberedLine) => Parsed,
): AsyncGenerator<LineBatch> {
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
function parseLine(
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

/** The errors of the runtimes differ and repeat the text, so they are replaced. */
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
      `${(error as Error).message}; ${storedText(stored)}, continue with line ${number}`,
      { cause: error },
    );
  }
}

function storedText(stored: number): string {
  if (stored === 0) return "nothing was stored";
  if (stored === 1) return "the one job before it was stored";
  return `the ${stored.toLocaleString("en")} jobs before it were stored`;
}

/** A line with its number, counted from 1. */
export interface NumberedLine {
  readonly number: number;
  readonly text: string;
}

/** The lines that are not blank. */
export async function* numberedLines(pieces: AsyncIterable<string>): AsyncIterable<NumberedLine> {
  let number = 0;
  let rest = "";
  for await (const piece of pieces) {
    const lines = (rest + piece).split("\n");
    rest = lines.pop()!;
    for (const text of lines) {
      number++;
      if (text.trim() !== "") yield { number, text };
    }
  }
  if (rest.trim() !== "") yield { number: number + 1, text: rest };
}
