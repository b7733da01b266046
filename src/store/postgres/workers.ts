/**
 * The workers of a schema: when they were last seen, and the numbers by which the tables know them.
 *
 * @module
 */
import { mostNames } from "../rules.ts";
import { mostWorkers, type WorkerAnnouncement, type WorkerRecord } from "../store.ts";
import type { Client } from "./client.ts";
import { retriedIdempotent } from "./errors.ts";
import { longestKeptMs } from "./functions/settings.ts";
import { time } from "./rows.ts";

/** The workers of one schema. */
export class Workers {
  readonly #client: Client;
  readonly #schema: string;
  // Of those that have announced themselves here. Each time anew: the table may be another by now.
  readonly #numbers = new Map<string, number>();

  /** `schema` is a quoted name. */
  constructor(client: Client, schema: string) {
    this.#client = client;
    this.#schema = schema;
  }

  /** The number of a worker of this process, once it is known. */
  numberOf(name: string | undefined): number | undefined {
    return name === undefined ? undefined : this.#numbers.get(name);
  }

  /** Notes that a worker is there. */
  async announce(
    { name, queueNames, nextInMs, keepMs }: WorkerAnnouncement,
    at: number | null,
  ): Promise<void> {
    const values = [
      name,
      JSON.stringify(queueNames),
      nextInMs,
      Math.min(keepMs, longestKeptMs),
      at,
    ];
    const text = announceStatement(this.#schema);
    const [row] = await retriedIdempotent(() => this.#client.query(text, values));
    this.#numbers.set(name, row!.id as number);
  }

  /** The workers that were seen last. */
  async read(at: number | null): Promise<readonly WorkerRecord[]> {
    const rows = await this.#client.look(
      `select name, array_to_json(queue_names)::text as queue_names, next_in_ms, ` +
        "date_part('epoch', seen_at) * 1000 as seen_at, date_part('epoch', " +
        "coalesce(to_timestamp($1::float8 / 1000), clock_timestamp()) - seen_at) * 1000 as silent_ms " +
        `from ${this.#schema}.workers order by seen_at desc, id desc limit $2`,
      [at, mostWorkers],
    );
    return rows.map((row) => ({
      name: row.name as string,
      queueNames: JSON.parse(row.queue_names as string),
      nextInMs: row.next_in_ms as number,
      seenAt: time(row.seen_at)!,
      silentMs: time(row.silent_ms)!,
    }));
  }
}

/**
 * An update of one row, which no index sees. Only a name that is new takes a number, and makes the
 * statement look for names that are to be forgotten.
 */
function announceStatement(schema: string): string {
  return `with given as materialized (
    select $1::text as name, array(select jsonb_array_elements_text($2::text::jsonb)) as queue_names,
      $3::float8 as next_in_ms, coalesce(to_timestamp($5::float8 / 1000),
        date_trunc('milliseconds', clock_timestamp())) as t
  ), seen as (
    update ${schema}.workers w
    set seen_at = g.t, next_in_ms = g.next_in_ms, queue_names = g.queue_names
    from given g where w.name = g.name returning w.id
  ), added as (
    insert into ${schema}.workers as w (name, seen_at, next_in_ms, queue_names)
    select name, t, next_in_ms, queue_names from given where not exists (select from seen)
    on conflict (name) do update set seen_at = excluded.seen_at, next_in_ms = excluded.next_in_ms,
      queue_names = excluded.queue_names
    returning w.id
  ), forgotten as (
    delete from ${schema}.workers w using given g
    where exists (select from added) and w.name <> g.name
      and (w.seen_at < g.t - $4::float8 * interval '1 ms'
        or w.id in (select id from ${schema}.workers order by seen_at desc offset ${mostNames}))
  )
  select id from seen union all select id from added`;
}
