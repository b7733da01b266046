/**
 * Changes of many jobs in Postgres. A pass is one statement: it looks for the first jobs that match, as
 * `find` does, and a function in the server changes those of them that still do.
 *
 * @module
 */
import type { Operator } from "../../job/record.ts";
import { changeFilterOf } from "../rules.ts";
import type { ChangeFilter, ChangeResult, MassChange } from "../store.ts";
import type { Client, SqlValue } from "./client.ts";
import { matchingJobs, type Query } from "./find.ts";
import { time } from "./rows.ts";

/** What a pass is to do. */
export interface Pass {
  readonly filter: ChangeFilter;
  readonly change: MassChange;
  /** How many jobs it looks at, at most. */
  readonly limit: number;
  /** The time by an injected clock, if there is one. */
  readonly at: number | null;
  /** The channel on which it says in which queues something became ready. */
  readonly channel: string;
}

/** What a pass did, and whom it concerns. */
export interface PassResult {
  readonly result: ChangeResult;
  /** Other processes are notified already. */
  readonly readyQueues: readonly string[];
  /** The jobs that were cancelled while they ran. */
  readonly interrupted: readonly string[];
}

/** Runs one pass. */
export async function changeJobs(
  client: Client,
  schema: string,
  pass: Pass,
  limitMs: number,
): Promise<PassResult> {
  const { text, values } = passQuery(schema, pass);
  const [row] = await client.query(text, values, limitMs);
  const after = row!.after as number | null;
  return {
    result: {
      changed: row!.changed as number,
      refused: row!.refused as number,
      after: after ?? undefined,
      at: time(row!.at)!,
    },
    readyQueues: JSON.parse(row!.ready_queues as string),
    interrupted: JSON.parse(row!.interrupted as string),
  };
}

/** The statement of a pass. It looks for one job more than it changes, to know whether there is one. */
export function passQuery(schema: string, { filter, change, limit, at, channel }: Pass): Query {
  const values: SqlValue[] = [];
  const parameter = (value: SqlValue) => `$${values.push(value)}`;
  const matched = changeFilterOf(filter, change.type);
  const most = parameter(limit + 1);
  const found = matchingJobs(schema, matched, {
    columns: "sequence",
    order: "asc",
    most,
    isByKey: true,
    parameter,
  });
  const statuses = `'{${matched.statuses}}'`;
  const changing = changingFunction(change, { statuses, asOf: matched.asOf, parameter });
  return {
    text: `with found as materialized (
      select sequence, row_number() over (order by sequence) as place
      from (select * from (${found}) b order by sequence limit ${most}) f
    )
    select f.changed, f.refused, array_to_json(f.ready_queues)::text as ready_queues,
      array_to_json(f.interrupted)::text as interrupted, date_part('epoch', f.t) * 1000 as at,
      (select sequence::float8 from found where place = ${most} - 1
        and exists (select from found where place = ${most})) as after,
      (select count(pg_notify(${parameter(channel)}, q.queue_name))
        from (select distinct queue_name from unnest(f.ready_queues) u (queue_name)) q) as notified
    from ${schema}.${changing.name}(array(
      select sequence from found where place < ${most}), ${changing.parameters.join(", ")},
      to_timestamp(${parameter(at)}::float8 / 1000)) f`,
    values,
  };
}

/** A statement that counts the jobs at which passes would look, up to one more than `most`. */
export function countMatchingQuery(
  schema: string,
  filter: ChangeFilter,
  type: MassChange["type"],
  most: number,
): Query {
  const values: SqlValue[] = [];
  const parameter = (value: SqlValue) => `$${values.push(value)}`;
  const limit = parameter(most + 1);
  const found = matchingJobs(schema, changeFilterOf(filter, type), {
    columns: "sequence",
    order: "asc",
    most: limit,
    isByKey: true,
    parameter,
  });
  return {
    text: `select count(*)::float8 as count from (select from (${found}) b limit ${limit}) f`,
    values,
  };
}

/** The function that makes a change, with its parameters after the jobs and before the time. */
interface Changing {
  readonly name: string;
  readonly parameters: readonly string[];
}

interface Standing {
  /** How the jobs must stand, as a list of statuses in SQL. */
  readonly statuses: string;
  readonly asOf: number | undefined;
  readonly parameter: (value: SqlValue) => string;
}

function changingFunction(
  change: MassChange,
  { statuses, asOf, parameter }: Standing,
): Changing {
  const timeOf = (ms: number | undefined) =>
    `to_timestamp(${parameter(ms ?? null)}::float8 / 1000)`;
  const operatorOf = ({ operator }: { readonly operator?: Operator | undefined }) =>
    `${parameter(operator === undefined ? null : JSON.stringify(operator))}::text::json`;
  switch (change.type) {
    case "cancel": {
      const reason = `${parameter(JSON.stringify(change.error))}::text::json`;
      return { name: "cancel_many", parameters: [statuses, reason, operatorOf(change)] };
    }
    case "retry": {
      const { dependents = true, force = false } = change;
      return {
        name: "retry_many",
        parameters: [statuses, timeOf(asOf), String(dependents), String(force), operatorOf(change)],
      };
    }
    case "reschedule": {
      const { runAt, delayMs, priority } = change;
      return {
        name: "reschedule_many",
        parameters: [
          statuses,
          timeOf(runAt),
          `${parameter(delayMs ?? null)}::float8`,
          `${parameter(priority ?? null)}::integer`,
          operatorOf(change),
        ],
      };
    }
    case "delete":
      return { name: "delete_many", parameters: [statuses, timeOf(asOf)] };
  }
}
