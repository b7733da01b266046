/**
 * Claimed jobs as the server gives them, and those of answers that were lost.
 *
 * @module
 */
import { type Claim, type ClaimedJob, mostLinks } from "../store.ts";
import type { Client, Row } from "./client.ts";
import { interpreted } from "./functions/settings.ts";
import { dependencyContext } from "./functions/end.ts";
import { pausedUntil } from "./functions/queue_settings.ts";
import { claimOf, toLeaseToken } from "./lease_tokens.ts";
import { time } from "./rows.ts";

// Jobs come in rows of so many, as two texts: a row a job costs both sides more than the job itself. Not
// all in one, since a part of a text that somebody keeps holds the whole of it in memory.
const JOBS_IN_ROW = 50;
// A larger payload comes in a row of its own.
const LARGE_BYTES = 100_000;
// Stands in no text of JSON.
const SEPARATOR = 31;

/**
 * Claimed jobs as two texts: what nearly every job has, a list of values by place in which 0 is nothing,
 * with what few have in an object behind it; and the payloads. Of `enqueued`, `e`, and of `progress`, `p`.
 */
export function claimedColumns(schema: string, place: string, runAt: string): string {
  const isPlain = [
    `${runAt} = e.created_at`,
    "e.priority = 0",
    "e.max_attempts = 3",
    "p.sequence is null",
    ...Object.values(rare).filter((column) => column.startsWith("e.")).map((column) =>
      `${column} is null`
    ),
    "e.depends_on = '{}'",
    "e.on_dependency_failure = 'cancel'",
  ].join(" and ");
  const more = `${schema}.claimed_more(e, p.sequence, ${runAt})`;
  // Written by hand, since to make JSON of values takes longer. An identifier needs no escape.
  return `'[' || string_agg(${place} || ',' || e.sequence || ',"' || e.id || '","' ||
      encode(uuid_send(e.trace_id), 'hex') || '",' || ${ms("e.created_at")} || ',' ||
      coalesce(to_json(e.traceparent)::text, '0') || ',' ||
      coalesce(to_json(e.correlation_id)::text, '0') || ',' ||
      case when ${isPlain} then '0' else ${more} end, ',') || ']' as jobs,
    string_agg(e.payload::text, chr(${SEPARATOR})) as payloads`;
}

/** What few claimed jobs have: a function, since most calls need not even prepare for it. */
export function claimedMore(schema: string): string {
  const more = [
    `'runAt', ${ms("claimed_more.run_at")}`,
    "'priority', e.priority",
    "'attempts', coalesce(p.attempts, 0) + 1",
    "'maxAttempts', coalesce(p.max_attempts, e.max_attempts)",
    ...Object.entries(rare).map(([name, column]) => `'${name}', ${column}`),
    "'dependsOn', e.depends_on",
    "'onDependencyFailure', e.on_dependency_failure",
    `'dependencyTraceparents', contexts`,
  ].join(", ");
  return `
-- What few claimed jobs have, as an object.
create function ${schema}.claimed_more(
  e ${schema}.enqueued, in_progress bigint, run_at timestamptz
) returns text
language plpgsql stable ${interpreted} as $$
declare
  p ${schema}.progress;
  dependency uuid;
  context text;
  contexts text[];
begin
  if in_progress is not null then
    select * into p from ${schema}.progress x where x.sequence = in_progress;
  end if;
  -- One by one: most often it is one.
  foreach dependency in array e.depends_on[1:${mostLinks}] loop
    context := ${dependencyContext(schema, "dependency")};
    if context is not null then contexts := contexts || context; end if;
  end loop;
  return json_build_object(${more})::text;
end $$;
`;
}

const ms = (time: string) => `round(date_part('epoch', ${time}) * 1000)::bigint`;

/** By what claimed jobs are grouped into rows. */
export function claimedRows(place: string): string {
  return `case when e.payload_bytes > ${LARGE_BYTES} then -${place} else (${place} - 1) / ${JOBS_IN_ROW} end`;
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
  snoozes: "p.snoozes",
  isSuspect: "p.is_suspect",
  attemptTraceparent: "p.attempt_traceparent",
  operation: "p.operation",
};

/** The claim of the jobs of a row. */
export interface ClaimOfRow {
  readonly token: string;
  readonly queueName: string;
  /** In ms since 1970, by the store's clock. */
  readonly claimedAt: number;
  readonly workerName: string | undefined;
}

/** The jobs of a row. */
export function toClaimed(row: Row, claim: ClaimOfRow): readonly ClaimedJob[] {
  const values = JSON.parse(row.jobs as string) as readonly unknown[];
  const payloads = (row.payloads as string).split(String.fromCharCode(SEPARATOR));
  return payloads.map((payload, i) => toClaimedJob(values, i * VALUES_OF_JOB, payload, claim));
}

const VALUES_OF_JOB = 8;

function toClaimedJob(
  values: readonly unknown[],
  first: number,
  payload: string,
  { token, queueName, claimedAt, workerName }: ClaimOfRow,
): ClaimedJob {
  const place = values[first] as number;
  const sequence = values[first + 1] as number;
  const id = values[first + 2] as string;
  const createdAt = values[first + 4] as number;
  const given = values[first + 7] as 0 | Record<string, unknown>;
  const more: Rare = given === 0 ? plain : { ...plain, ...rarely(given) };
  const { runAt = createdAt } = more;
  return {
    sequence,
    id,
    queueName,
    status: "running",
    payload,
    priority: more.priority,
    attempts: more.attempts,
    releases: more.releases,
    snoozes: more.snoozes,
    maxAttempts: more.maxAttempts,
    backoff: more.backoff,
    timeoutMs: more.timeoutMs,
    idempotencyKey: more.idempotencyKey,
    dependsOn: more.dependsOn,
    onDependencyFailure: more.onDependencyFailure,
    traceId: values[first + 3] as string,
    correlationId: someText(values[first + 6]),
    parentId: more.parentId,
    traceparent: someText(values[first + 5]),
    tracestate: more.tracestate,
    baggage: more.baggage,
    propagation: more.propagation,
    createdAt,
    runAt,
    startedAt: claimedAt,
    finishedAt: undefined,
    result: undefined,
    error: more.error,
    attemptTraceparent: more.attemptTraceparent,
    operation: more.operation,
    workerName,
    leaseToken: toLeaseToken({ claim: token, place, sequence }, id),
    waitMs: claimedAt - runAt,
    isSuspect: more.isSuspect,
    dependencyTraceparents: more.dependencyTraceparents,
  };
}

function someText(value: unknown): string | undefined {
  return value === 0 ? undefined : value as string;
}

type Rare =
  & Partial<Pick<ClaimedJob, "runAt">>
  & Pick<
    ClaimedJob,
    | "priority"
    | "attempts"
    | "maxAttempts"
    | "releases"
    | "snoozes"
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
    | "operation"
    | "dependencyTraceparents"
  >;

const plain: Rare = {
  priority: 0,
  attempts: 1,
  maxAttempts: 3,
  releases: 0,
  snoozes: 0,
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
  readonly workerName: string | undefined;
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
    for (const { token, ...claim } of claims) this.#add(token, claim);
  }

  /** These jobs were found, and their answer was lost again. */
  addFound(jobs: readonly ClaimedJob[], claims: readonly Claim[]): void {
    for (const { id, leaseToken, queueName } of jobs) {
      const claim = claims.find((claim) => claim.queueName === queueName)!;
      this.#add(claimOf({ jobId: id, leaseToken }), claim);
    }
  }

  /** The jobs of lost answers, for queues that are claimed now. While one is paused, none is to start. */
  async find(queueNames: readonly string[], at: number | null): Promise<readonly ClaimedJob[]> {
    const tokens = this.#tokens(queueNames);
    if (tokens.length === 0) return [];
    const rows = await this.#client.query(
      "select c.token::text as token, c.queue_name, " +
        "date_part('epoch', c.claimed_at) * 1000 as claimed_at, " +
        `${claimedColumns(this.#schema, "x.place", "x.run_at")} from ${this.#schema}.claims c, ` +
        "unnest(c.sequences, c.run_ats, c.is_open) with ordinality x (sequence, run_at, is_open, place) " +
        `join ${this.#schema}.enqueued e on e.sequence = x.sequence ` +
        `left join ${this.#schema}.progress p on p.sequence = x.sequence ` +
        "where c.token in (select t::uuid from jsonb_array_elements_text($1::text::jsonb) t) " +
        "and x.is_open is not false " +
        `and (${pausedUntil(this.#schema, "c.queue_name")} > ` +
        "coalesce(to_timestamp($2::float8 / 1000), clock_timestamp())) is not true " +
        `group by c.token, ${claimedRows("x.place")}`,
      [JSON.stringify(tokens), at],
    );
    return rows.flatMap((row) => {
      const token = row.token as string;
      // A statement claims all at once: what is found is all of its claim.
      const { workerName } = this.#lost.get(token) ?? {};
      this.#lost.delete(token);
      const queueName = row.queue_name as string;
      return toClaimed(row, { token, queueName, claimedAt: time(row.claimed_at)!, workerName });
    });
  }

  #add(token: string, { queueName, leaseMs, workerName }: Claim): void {
    const now = performance.now();
    this.#lost.set(token, { queueName, workerName, until: now + leaseMs, lookAt: now });
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
