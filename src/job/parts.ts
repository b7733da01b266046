/**
 * The parts of a job that can be large, so that whoever lists jobs can leave them unread.
 *
 * @module
 */
import { utf8Length } from "./json.ts";
import type { FoundRecord, JobError, JobRecord } from "./record.ts";

/**
 * A part of a job that can be left unread: its `payload`, its `result`, and with `stack` the stacks of
 * its errors and the ends of their long messages.
 */
export type JobPart = "payload" | "result" | "stack";

/** All of them. */
export const jobParts: readonly JobPart[] = ["payload", "result", "stack"];

/** How much is kept of an error's name and message where stacks are left out, in code points. */
export const longestSummary = 1_000;

/** An error without its stack, with as much of its message as a list shows. */
export function summaryOf({ stack: _stack, ...error }: JobError): JobError {
  return { ...error, name: shortened(error.name), message: shortened(error.message) };
}

/** A record with the parts that are asked for, or all; of a payload or a result else its size. */
export function recordWith(
  record: JobRecord,
  include: readonly JobPart[] | undefined,
  sizes: PartSizes = {},
): FoundRecord {
  if (include === undefined) return record;
  const { payload, result, error } = record;
  const has = (part: JobPart) => include.includes(part);
  return {
    ...record,
    ...!has("payload") && {
      payload: undefined,
      payloadBytes: sizes.payloadBytes ?? utf8Length(payload),
    },
    ...!has("result") && {
      result: undefined,
      resultBytes: sizes.resultBytes ?? (result === undefined ? undefined : utf8Length(result)),
    },
    error: has("stack") ? error : error && summaryOf(error),
  };
}

/** The sizes of parts, where they are known, in bytes of JSON. */
export interface PartSizes {
  readonly payloadBytes?: number | undefined;
  readonly resultBytes?: number | undefined;
}

/** In code points, as databases count. */
function shortened(text: string): string {
  if (text.length <= longestSummary) return text;
  const start = Array.from(text.slice(0, 2 * longestSummary + 2));
  return start.length <= longestSummary ? text : `${start.slice(0, longestSummary).join("")}…`;
}
