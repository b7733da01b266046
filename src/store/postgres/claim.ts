/**
 * Claimed jobs as the server gives them, and those of answers that were lost.
 *
 * @module
 */
import type { Claim, ClaimedJob, Lease } from "../store.ts";
import type { Client, Row } from "./client.ts";
import { optional, time } from "./rows.ts";

// What nearly every job has comes in columns, what few have in one text: a column costs both sides time
// for each job, also where it is empty.
const types = {
  sequence: "float8",
  id: "text",
  queue_name: "text",
  payload: "text",
  priority: "smallint",
  attempts: "smallint",
  max_attempts: "smallint",
  trace_id: "text",
  traceparent: "text",
  correlation_id: "text",
  created_at: "float8",
  run_at: "float8",
  wait_ms: "float8",
  more: "text",
  place: "integer",
};

/** The names of a claimed job's columns. */
const claimedNames: string = Object.keys(types).join(", ");

/** Their names and types, as a function declares what it returns. */
export const claimedTypes: string = Object.entries(types).map((one) => one.join(" ")).join(", ");

/** When a job was claimed and when it was due, as expressions of SQL. */
export interface ClaimTimes {
  readonly claimedAt: string;
  readonly runAt: string;
}

/** The columns of a claimed job, but for its place: of `enqueued`, `e`, and of `progress`, `p`, if it has some. */
export function claimedColumns(schema: string, { claimedAt, runAt }: ClaimTimes): string {
  const columns = Object.entries(rare);
  const isPlain = [
    ...columns.map(([, column]) => `${column} is null`),
    "e.depends_on = '{}'",
    "e.on_dependency_failure = 'cancel'",
  ].join(" and ");
  const more = [
    ...columns.map(([name, column]) => `'${name}', ${column}`),
    "'dependsOn', e.depends_on",
    "'onDependencyFailure', e.on_dependency_failure",
    `'dependencyTraceparents', ${schema}.dependency_contexts(e.depends_on)`,
  ].join(", ");
  return "e.sequence::float8, e.id::text, e.queue_name, e.payload::text, e.priority, " +
    "(coalesce(p.attempts, 0) + 1)::smallint, coalesce(p.max_attempts, e.max_attempts), encode(uuid_send(e.trace_id), 'hex'), e.traceparent, e.correlation_id, " +
    `date_part('epoch', e.created_at) * 1000, date_part('epoch', ${runAt}) * 1000, ` +
    `date_part('epoch', ${claimedAt} - ${runAt}) * 1000, ` +
    `case when ${isPlain} then null else json_build_object(${more})::text end`;
}

const rare: Readonly<Record<string, string>> = {
  backoff: "e.backoff",
  timeoutMs: "e.timeout_ms",
  idempotencyKey: "e.idempotency_key",
  parentId: "e.parent_id",
  tracestate: "e.tracestate",
  baggage: "e.baggage",
  propagation: "e.propagation",
  error: "p.error",
  releases: "p.releases",
  isSuspect: "p.is_suspect",
  attemptTraceparent: "p.attempt_traceparent",
};

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
function toLeaseToken({ claim, place, sequence }: HeldPlace, jobId: string): string {
  return `${claim} ${place} ${sequence} ${jobId}`;
}

/** Reads a lease; `undefined` where it is none that Postgres has given for this job. */
export function heldPlace({ jobId, leaseToken }: Lease): HeldPlace | undefined {
  const [claim = "", place, sequence, id, more] = leaseToken.split(" ");
  if (id !== jobId || more !== undefined || claim.length !== UUID_LENGTH) return undefined;
  return { claim, place: Number(place), sequence: Number(sequence) };
}

const UUID_LENGTH = 36;

/** A claimed job's row as a record; `claim` is the token of its claim. */
export function toClaimed(row: Row, claim: string): ClaimedJob {
  const more = row.more === null ? plain : { ...plain, ...rarely(JSON.parse(row.more as string)) };
  const waitMs = row.wait_ms as number;
  const sequence = row.sequence as number;
  const id = row.id as string;
  return {
    sequence,
    id,
    queueName: row.queue_name as string,
    status: "running",
    payload: row.payload as string,
    priority: row.priority as number,
    attempts: row.attempts as number,
    releases: more.releases,
    maxAttempts: row.max_attempts as number,
    backoff: more.backoff,
    timeoutMs: more.timeoutMs,
    idempotencyKey: more.idempotencyKey,
    dependsOn: more.dependsOn,
    onDependencyFailure: more.onDependencyFailure,
    traceId: row.trace_id as string,
    correlationId: optional(row.correlation_id),
    parentId: more.parentId,
    traceparent: optional(row.traceparent),
    tracestate: more.tracestate,
    baggage: more.baggage,
    propagation: more.propagation,
    createdAt: time(row.created_at)!,
    runAt: time(row.run_at)!,
    startedAt: time((row.run_at as number) + waitMs),
    finishedAt: undefined,
    result: undefined,
    error: more.error,
    attemptTraceparent: more.attemptTraceparent,
    leaseToken: toLeaseToken({ claim, place: row.place as number, sequence }, id),
    waitMs: Math.round(waitMs),
    isSuspect: more.isSuspect,
    dependencyTraceparents: more.dependencyTraceparents,
  };
}

type Rare = Pick<
  ClaimedJob,
  | "releases"
  | "isSuspect"
  | "backoff"
  | "timeoutMs"
  | "idempotencyKey"
  | "dependsOn"
  | "onDependencyFailure"
  | "parentId"
  | "tracestate"
  | "baggage"
  | "propagation"
  | "error"
  | "attemptTraceparent"
  | "dependencyTraceparents"
>;

const plain: Rare = {
  releases: 0,
  isSuspect: false,
  dependsOn: [],
  onDependencyFailure: "cancel",
  dependencyTraceparents: [],
};

/** In the server's JSON what is missing is null. */
function rarely(more: Record<string, unknown>): Partial<Rare> {
  return Object.fromEntries(Object.entries(more).filter(([, value]) => value !== null));
}

/** A claim whose answer was lost. Its statement may commit late, even after it was given up. */
interface LostClaim {
  readonly queueName: string;
  /** When its leases are over, by `performance.now()`. */
  readonly until: number;
  /** When to look again. */
  lookAt: number;
}

/** A claim with the token by which its jobs are found if the answer is lost. */
export interface TokenClaim extends Claim {
  readonly token: string;
}

// Between two looks for the jobs of a lost answer.
const LOOK_EVERY_MS = 250;

/** Finds jobs that were claimed by statements whose answer was lost. */
export class LostClaims {
  readonly #client: Client;
  readonly #schema: string;
  // By token.
  readonly #lost = new Map<string, LostClaim>();

  /** `schema` is a quoted name. */
  constructor(client: Client, schema: string) {
    this.#client = client;
    this.#schema = schema;
  }

  /** The answer to these claims was lost. */
  add(claims: readonly TokenClaim[]): void {
    const now = performance.now();
    for (const { token, queueName, leaseMs } of claims) {
      this.#lost.set(token, { queueName, until: now + leaseMs, lookAt: now });
    }
  }

  /** These jobs were found, and their answer was lost again. */
  addFound(jobs: readonly ClaimedJob[], claims: readonly Claim[]): void {
    const now = performance.now();
    for (const { leaseToken, queueName } of jobs) {
      const { leaseMs } = claims.find((claim) => claim.queueName === queueName)!;
      const token = leaseToken.slice(0, UUID_LENGTH);
      this.#lost.set(token, { queueName, until: now + leaseMs, lookAt: now });
    }
  }

  /** The jobs of lost answers, for queues that are claimed now. */
  async find(queueNames: readonly string[]): Promise<readonly ClaimedJob[]> {
    const tokens = this.#tokens(queueNames);
    if (tokens.length === 0) return [];
    const rows = await this.#client.query(
      `select c.token::text as token, j.* from ${this.#schema}.claims c, ` +
        "unnest(c.sequences, c.run_ats) with ordinality x (sequence, run_at, place) " +
        `join ${this.#schema}.enqueued e on e.sequence = x.sequence ` +
        `left join ${this.#schema}.progress p on p.sequence = x.sequence, ` +
        `lateral (select ${
          claimedColumns(this.#schema, { claimedAt: "c.claimed_at", runAt: "x.run_at" })
        }, x.place::integer) as j (${claimedNames}) ` +
        "where c.token in (select t::uuid from jsonb_array_elements_text($1::text::jsonb) t) " +
        `and not exists (select from ${this.#schema}.ended d where d.sequence = x.sequence)`,
      [JSON.stringify(tokens)],
    );
    // A statement claims all at once: what is found is all of its claim.
    for (const { token } of rows) this.#lost.delete(token as string);
    return rows.map((row) => toClaimed(row, row.token as string));
  }

  /** Which to look for now. Those whose leases are over by now can be claimed by any worker again. */
  #tokens(queueNames: readonly string[]): readonly string[] {
    const now = performance.now();
    const tokens: string[] = [];
    for (const [token, lost] of this.#lost) {
      if (lost.until <= now) this.#lost.delete(token);
      else if (lost.lookAt <= now && queueNames.includes(lost.queueName)) {
        lost.lookAt = now + LOOK_EVERY_MS;
        tokens.push(token);
      }
    }
    return tokens;
  }
}
