/**
 * How long a queue keeps ended jobs: its option, checked and with every default decided.
 *
 * @module
 */
import { checkInteger, checkOptionNames, type OptionNames } from "../job/checks.ts";
import { checkQueueName } from "../job/ids.ts";
import { retentionOf } from "../store/rules.ts";
import type { OutcomeRetention, Retention } from "../store/store.ts";

/** How long ended jobs are kept, by how they ended, in ms. */
export interface OutcomeRetentionOptions {
  /** Completed jobs. Default: as in all queues, and there 7 days. */
  readonly completed?: number | undefined;
  /** Failed jobs. Default: as in all queues, and there 7 days. */
  readonly failed?: number | undefined;
  /** Cancelled jobs. Default: as in all queues, and there 7 days. */
  readonly cancelled?: number | undefined;
}

/** How long ended jobs are kept, in ms; some queues can have times of their own. */
export interface RetentionOptions extends OutcomeRetentionOptions {
  /** The queues with times of their own, by name. A number is the time of all their ended jobs. */
  readonly queues?: Readonly<Record<string, number | OutcomeRetentionOptions>> | undefined;
}

const SEVEN_DAYS_MS = 7 * 24 * 60 * 60 * 1_000;

const outcomeNames: OptionNames<OutcomeRetentionOptions> = {
  completed: true,
  failed: true,
  cancelled: true,
};

const names: OptionNames<RetentionOptions> = { ...outcomeNames, queues: true };

/** Checks a queue's option. */
export function readRetention(option: number | RetentionOptions = SEVEN_DAYS_MS): Retention {
  const name = "retentionMs";
  const general = retentionOf(SEVEN_DAYS_MS, "");
  if (!isObject(option)) return readOutcomes(name, option, general);
  const { queues = {}, ...outcomes } = option;
  const ofAll = readOutcomes(name, outcomes, general, names);
  const entries = Object.entries(queues).map(([queueName, own]) =>
    [checkQueueName(queueName), readOutcomes(`${name}.queues.${queueName}`, own, ofAll)] as const
  );
  return entries.length === 0 ? ofAll : { ...ofAll, queues: Object.fromEntries(entries) };
}

function readOutcomes(
  name: string,
  option: number | OutcomeRetentionOptions,
  defaults: OutcomeRetention,
  known: OptionNames<OutcomeRetentionOptions> = outcomeNames,
): OutcomeRetention {
  if (!isObject(option)) return retentionOf(checkMs(name, option), "");
  checkOptionNames("A retention", option, known);
  const ms = (outcome: keyof OutcomeRetention) =>
    checkMs(`${name}.${outcome}`, option[outcome] ?? defaults[outcome]);
  return { completed: ms("completed"), failed: ms("failed"), cancelled: ms("cancelled") };
}

/** A text or nothing is refused as what is no number. */
function isObject<Of extends object>(option: number | Of): option is Of {
  return typeof option === "object" && option !== null;
}

function checkMs(name: string, value: number): number {
  return checkInteger(name, value, 0, Number.MAX_SAFE_INTEGER);
}
