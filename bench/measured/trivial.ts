/**
 * The jobs that are measured: they do nothing, carry about 100 bytes and belong to an order each, so
 * that every index of a store has its work.
 *
 * @module
 */
import { job, type JobQueue, type NewJob } from "../../mod.ts";

/** What a trivial job carries. */
export interface Trivial {
  /** Counted from 0: shows what is lost or runs twice. */
  readonly n: number;
  readonly to: string;
  readonly subject: string;
}

/** The one queue of most measurements. */
export type TrivialQueue = JobQueue<{ trivial: Trivial }>;

/** The n-th job. */
export function trivialJob(n: number): NewJob<"trivial", Trivial> {
  return job("trivial", trivialPayload(n), { correlationId: `order-${n}` });
}

/** What the n-th job carries. */
export function trivialPayload(n: number): Trivial {
  return { n, to: `customer-${n}@example.com`, subject: "Your order has left our warehouse today" };
}

/** What the n-th job carries when it carries much: words, as compressible as text. */
export function heavyPayload(n: number, bytes: number): Trivial {
  const payload = trivialPayload(n);
  let state = n + 1;
  let subject = payload.subject;
  while (subject.length < bytes) {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    subject += ` ${words[state % words.length]}${(state >> 8) % 1_000}`;
  }
  return { ...payload, subject };
}

const words = [
  "order",
  "customer",
  "warehouse",
  "invoice",
  "parcel",
  "address",
  "payment",
  "total",
];

/** Enqueues the jobs up to a number, 1,000 a call, and gives how many were stored. */
export async function enqueueMany(
  queue: TrivialQueue,
  end: number,
  begin: number = 0,
): Promise<number> {
  let stored = 0;
  for (let first = begin; first < end; first += 1_000) {
    const length = Math.min(1_000, end - first);
    const jobs = Array.from({ length }, (_, i) => trivialJob(first + i));
    stored += (await queue.enqueue(jobs)).length;
  }
  return stored;
}
