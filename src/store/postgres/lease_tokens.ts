/**
 * The tokens of leases: how a lease is written in one, and leases by the claim that holds them, as the
 * functions in the server read and answer them.
 *
 * @module
 */
import type { Lease, LeaseState } from "../store.ts";

const UUID_LENGTH = 36;

/**
 * A lease as Postgres knows it: the claim that holds the job, the job's place in it, and the job. It is
 * written as text in `leaseToken`.
 */
export interface HeldPlace {
  /** The token of the claim. */
  readonly claim: string;
  /** From 1. */
  readonly place: number;
  /** The sequence of the job. */
  readonly sequence: number;
}

/** A token of a lease of this job. */
export function toLeaseToken({ claim, place, sequence }: HeldPlace, jobId: string): string {
  return `${claim} ${place} ${sequence} ${jobId}`;
}

/** Reads a lease; `undefined` where it is none that Postgres has given for this job. */
function heldPlace({ jobId, leaseToken }: Lease): HeldPlace | undefined {
  // Read by place: to split the text of each of a thousand outcomes would cost as much as all the rest.
  const sequenceAt = leaseToken.indexOf(" ", UUID_LENGTH + 1) + 1;
  const idAt = leaseToken.length - jobId.length;
  const isForJob = sequenceAt > 0 && sequenceAt < idAt && leaseToken.endsWith(jobId) &&
    leaseToken[idAt - 1] === " ";
  if (!isForJob || leaseToken[UUID_LENGTH] !== " ") return undefined;
  const place = Number(leaseToken.slice(UUID_LENGTH + 1, sequenceAt - 1));
  const sequence = Number(leaseToken.slice(sequenceAt, idAt - 1));
  if (!Number.isInteger(place) || !Number.isInteger(sequence)) return undefined;
  return { claim: leaseToken.slice(0, UUID_LENGTH), place, sequence };
}

/** The token of the claim that holds a lease. */
export function claimOf({ leaseToken }: Lease): string {
  return leaseToken.slice(0, UUID_LENGTH);
}

/**
 * Groups leases by claim, in the order in which claims are locked. Those that Postgres cannot have given
 * are left out. `add` is called with the index of each lease, and where it is held.
 */
export function byClaim<Group>(
  leases: readonly Lease[],
  newGroup: (claim: string) => Group,
  add: (group: Group, i: number, held: HeldPlace) => void,
): readonly Group[] {
  const groups = new Map<string, Group>();
  leases.forEach((lease, i) => {
    const held = heldPlace(lease);
    if (held === undefined) return;
    let group = groups.get(held.claim);
    if (group === undefined) groups.set(held.claim, group = newGroup(held.claim));
    add(group, i, held);
  });
  return [...groups.keys()].sort().map((claim) => groups.get(claim)!);
}

/**
 * Puts each state where its lease is among `count`: `order` has the index of each. What was not asked for
 * is lost.
 */
export function inPlace(
  states: readonly LeaseState[],
  order: readonly number[],
  count: number,
): readonly LeaseState[] {
  const all: LeaseState[] = Array.from({ length: count }, () => "lost");
  order.forEach((at, i) => all[at] = states[i]!);
  return all;
}
