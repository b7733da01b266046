/**
 * What a transaction brings about, to be followed up: at its end, and when it is committed.
 *
 * @module
 */

/** Effects of one transaction. */
export interface Effects {
  /** Queues in which something may be claimed now or later: whoever waits for them is told. */
  readonly woken: Set<string>;
  /** The jobs that ended, the last one last: their traces may have ended with them. */
  readonly ended: { readonly id: string; readonly status: "completed" | "failed" | "cancelled" }[];
  /** Of how many of them the dependents have been looked at. */
  unblocked: number;
  /** Ids of the jobs that were cancelled while they ran: their workers are told. */
  readonly cancelled: string[];
}
