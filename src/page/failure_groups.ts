/**
 * Failed jobs whose errors differ only in numbers and ids, as one group.
 *
 * @module
 */
import type { JobSummary } from "../job/job.ts";

/** Failed jobs of one queue with the same error. */
export interface FailureGroup {
  /** The job that failed last. */
  readonly latest: JobSummary;
  /** How many there are. */
  readonly count: number;
  /** When the first of them failed. */
  readonly first: Date;
  /** When the last of them failed. */
  readonly last: Date;
}

/** The groups of failed jobs; the one whose job failed last comes first. */
export class FailureGroups {
  readonly #groups = new Map<string, FailureGroup>();

  /** Adds a failed job to its group. */
  add(job: JobSummary): void {
    const key = failureKey(job);
    const group = this.#groups.get(key);
    const at = job.finishedAt ?? job.createdAt;
    this.#groups.set(
      key,
      group === undefined ? { latest: job, count: 1, first: at, last: at } : {
        latest: at > group.last ? job : group.latest,
        count: group.count + 1,
        first: at < group.first ? at : group.first,
        last: at > group.last ? at : group.last,
      },
    );
  }

  /** The groups. */
  inOrder(): readonly FailureGroup[] {
    return [...this.#groups.values()].sort((a, b) => b.last.getTime() - a.last.getTime());
  }
}

/** What jobs of one group have in common. */
export function failureKey({ queueName, error }: JobSummary): string {
  return `${queueName} ${error?.name ?? ""} ${foldedMessage(error?.message ?? "")}`;
}

// The beginning tells errors apart; the rest may be a whole response.
const COMPARED_CHARACTERS = 500;

/** The message of an error without its numbers and ids. */
export function foldedMessage(message: string): string {
  return message.slice(0, COMPARED_CHARACTERS).replaceAll(/[\w-]+/g, foldedWord);
}

function foldedWord(word: string): string {
  if (!/\d/.test(word)) return word;
  const isId = word.length >= 8 && /^[0-9a-f-]+$/i.test(word);
  return isId ? "#" : word.replaceAll(/\d+/g, "#");
}
