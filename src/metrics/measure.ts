/**
 * Measures what is done against the store and what an attempt takes. Without a registered provider
 * nothing is made and nothing is timed; whatever a meter throws stays here.
 *
 * A worker records outcomes and claims jobs in one call of the store. Such a call is one operation,
 * named `settle_and_claim`, and of neither type: under both names it would be counted twice, and its time
 * too. One that only claims is a `receive`, one that only records a `settle`.
 *
 * @module
 */
import type { Attributes } from "@opentelemetry/api";
import type { AttemptOutcome } from "../job/outcomes.ts";
import type { Claim, SettleAndClaimResult } from "../store/store.ts";
import { errorTypeOf } from "./error_type.ts";
import { activeInstruments, type Instruments } from "./instruments.ts";

/** Something about one job. */
interface AboutJob {
  readonly job: { readonly queueName: string };
}

type Operation = "send" | "receive" | "settle" | "settle_and_claim" | "process";

/** Calls `add`, which gives jobs to the store: counts them and measures the call. */
export function measureSend<T>(jobs: readonly AboutJob[], add: () => Promise<T>): Promise<T> {
  const instruments = activeInstruments();
  if (instruments === undefined) return add();
  return measured(add, instruments, (seconds, errorType) => {
    const counts = countByQueue(jobs.map(({ job }) => job));
    instruments.operationDuration.record(
      seconds,
      operationAttributes("send", onlyOne(counts.keys()), errorType),
    );
    for (const [queueName, count] of counts) {
      instruments.sent.add(count, attributesOf("send", queueName, errorType));
    }
  });
}

/** Calls `settleAndClaim`, one round trip of a worker to its store, and measures it. */
export function measureSettleAndClaim(
  finished: readonly AboutJob[],
  claims: readonly Claim[],
  settleAndClaim: () => Promise<SettleAndClaimResult>,
): Promise<SettleAndClaimResult> {
  const instruments = activeInstruments();
  if (instruments === undefined) return settleAndClaim();
  return measured(settleAndClaim, instruments, (seconds, errorType) => {
    const queueNames = new Set(claims.map(({ queueName }) => queueName));
    for (const { job } of finished) queueNames.add(job.queueName);
    const operation = claims.length === 0
      ? "settle"
      : finished.length === 0
      ? "receive"
      : "settle_and_claim";
    instruments.operationDuration.record(
      seconds,
      operationAttributes(operation, onlyOne(queueNames), errorType),
    );
  });
}

/** Counts an attempt that begins. What was claimed and is released unstarted reached no handler. */
export function countAttempt(queueName: string): void {
  try {
    activeInstruments()?.consumed.add(1, attributesOf("receive", queueName));
  } catch {
    // The attempt goes on, whatever becomes of its count.
  }
}

/** Records how long an attempt took, and what it failed with. */
export function measureAttempt(
  queueName: string,
  runMs: number,
  end: { readonly outcome: AttemptOutcome; readonly error?: unknown },
): void {
  const instruments = activeInstruments();
  if (instruments === undefined) return;
  try {
    const errorType = "error" in end ? errorTypeOf(end.error, instruments.errorTypes) : undefined;
    const attributes = attributesOf("process", queueName, errorType);
    instruments.processDuration.record(runMs / 1_000, attributes);
  } catch {
    // The attempt is over, whatever becomes of its measure.
  }
}

async function measured<T>(
  operation: () => Promise<T>,
  { errorTypes }: Instruments,
  record: (seconds: number, errorType: string | undefined) => void,
): Promise<T> {
  const startedAt = performance.now();
  const recordEnd = (errorType?: string) => {
    try {
      record((performance.now() - startedAt) / 1_000, errorType);
    } catch {
      // The store has answered, whatever becomes of the measure.
    }
  };
  let result: T;
  try {
    result = await operation();
  } catch (error) {
    recordEnd(errorTypeOf(error, errorTypes));
    throw error;
  }
  recordEnd();
  return result;
}

function attributesOf(
  operation: Operation,
  queueName: string | undefined,
  errorType?: string,
): Attributes {
  const attributes: Attributes = {
    "messaging.system": "hammerwork",
    "messaging.operation.name": operation,
  };
  if (queueName !== undefined) attributes["messaging.destination.name"] = queueName;
  if (errorType !== undefined) attributes["error.type"] = errorType;
  return attributes;
}

/** Only the duration of an operation also has the operation's type, where it is of one. */
function operationAttributes(
  operation: Operation,
  queueName: string | undefined,
  errorType: string | undefined,
): Attributes {
  const attributes = attributesOf(operation, queueName, errorType);
  if (operation !== "settle_and_claim") attributes["messaging.operation.type"] = operation;
  return attributes;
}

function countByQueue(jobs: readonly { readonly queueName: string }[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { queueName } of jobs) counts.set(queueName, (counts.get(queueName) ?? 0) + 1);
  return counts;
}

/** The destination stands there only where it is the same for all. */
function onlyOne(queueNames: Iterable<string>): string | undefined {
  const [first, second] = queueNames;
  return second === undefined ? first : undefined;
}
