/**
 * Claimed jobs as the server gives them, and those of answers that were lost.
 *
 * @module
 */
import type { Claim, ClaimedJob } from "../store.ts";
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
};

/** The names of a claimed job's columns. */
const claimedNames: string = Object.keys(types).join(", ");

/** Their names and types, as a function declares what it returns. */
export const claimedTypes: string = Object.entries(types).map((one) => one.join(" ")).join(", ");

/** The columns of a claimed job: of `enqueued`, `e`, and of `live`, `l`. */
export function claimedColumns(schema: string): string {
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
  return "e.sequence::float8, e.id::text, e.queue_name, e.payload::text, e.priority, l.attempts, " +
    "l.max_attempts, encode(uuid_send(e.trace_id), 'hex'), e.traceparent, e.correlation_id, " +
    "date_part('epoch', e.created_at) * 1000, date_part('epoch', l.run_at) * 1000, " +
    "date_part('epoch', l.started_at - l.run_at) * 1000, " +
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
  error: "l.error",
  releases: "l.releases",
  isSuspect: "l.is_suspect",
  attemptTraceparent: "l.attempt_traceparent",
};

/** A claimed job's row as a record. */
export function toClaimed(row: Row, leaseToken: string): ClaimedJob {
  const more = row.more === null ? plain : { ...plain, ...rarely(JSON.parse(row.more as string)) };
  const waitMs = row.wait_ms as number;
  return {
    sequence: row.sequence as number,
    id: row.id as string,
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
    leaseToken,
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

/** Claims whose answer was lost. Their statement may commit late, even after it was given up. */
interface LostClaim {
  /** The queues that the answer may have had jobs of. */
  readonly queueNames: Set<string>;
  /** When their leases are over, by `performance.now()`. */
  readonly until: number;
  /** When to look again. */
  lookAt: number;
}

// Between two looks for the jobs of a lost answer.
const LOOK_EVERY_MS = 250;

/** Finds jobs that were claimed by statements whose answer was lost. */
export class LostClaims {
  readonly #client: Client;
  readonly #schema: string;
  // By the token of its claims.
  readonly #lost = new Map<string, LostClaim>();

  /** `schema` is a quoted name. */
  constructor(client: Client, schema: string) {
    this.#client = client;
    this.#schema = schema;
  }

  /** The answer to these claims was lost. */
  add(token: string, claims: readonly Claim[]): void {
    if (claims.length === 0) return;
    const now = performance.now();
    const lost = this.#lost.get(token) ?? {
      queueNames: new Set(),
      until: now + Math.max(...claims.map(({ leaseMs }) => leaseMs)),
      lookAt: now,
    };
    for (const { queueName } of claims) lost.queueNames.add(queueName);
    this.#lost.set(token, lost);
  }

  /** The jobs of lost answers, for queues that are claimed now. */
  async find(queueNames: readonly string[]): Promise<readonly ClaimedJob[]> {
    const tokens = this.#tokens(queueNames);
    if (tokens.length === 0) return [];
    const rows = await this.#client.query(
      `select l.lease_token::text as lease_token, c.* from ${this.#schema}.live l ` +
        `join ${this.#schema}.enqueued e on e.sequence = l.sequence, ` +
        `lateral (select ${claimedColumns(this.#schema)}) as c (${claimedNames}) ` +
        "where l.status = 'running' " +
        "and l.lease_token in (select t::uuid from jsonb_array_elements_text($1::text::jsonb) t) " +
        "and l.queue_name in (select q from jsonb_array_elements_text($2::text::jsonb) q)",
      [JSON.stringify(tokens), JSON.stringify(queueNames)],
    );
    const found = rows.map((row) => toClaimed(row, row.lease_token as string));
    // A statement claims all at once: once some are found, those of this queue are.
    for (const { leaseToken, queueName } of found) {
      const lost = this.#lost.get(leaseToken);
      lost?.queueNames.delete(queueName);
      if (lost?.queueNames.size === 0) this.#lost.delete(leaseToken);
    }
    return found;
  }

  /** Which to look for now. Those whose leases are over by now can be claimed by any worker again. */
  #tokens(queueNames: readonly string[]): readonly string[] {
    const now = performance.now();
    const tokens: string[] = [];
    for (const [token, lost] of this.#lost) {
      if (lost.until <= now) this.#lost.delete(token);
      else if (lost.lookAt <= now && queueNames.some((one) => lost.queueNames.has(one))) {
        lost.lookAt = now + LOOK_EVERY_MS;
        tokens.push(token);
      }
    }
    return tokens;
  }
}
