import type pg from "postgres";

/** Where jobs are that should not be there, or should be elsewhere too: nothing, in a whole schema. */
export async function misplaced(sql: pg.Sql, schema: string): Promise<readonly string[]> {
  const rows = await sql.unsafe(`
    with places as (
      select sequence, 'ready' as place from ${schema}.ready
      union all select sequence, kind from ${schema}.waiting
      union all select x.sequence, 'running' from ${schema}.claims c,
        unnest(c.sequences, c.is_open) x (sequence, is_open) where x.is_open is not false
      union all select sequence, status from ${schema}.ended
    )
    select 'job ' || e.sequence || ' is ' || coalesce(string_agg(p.place, ' and '), 'nowhere') as what
    from ${schema}.enqueued e left join places p using (sequence)
    group by e.sequence having count(p.place) <> 1
    union all
    select 'job ' || d.dependent || ' has ended, but not its dependencies'
    from ${schema}.dependencies d join ${schema}.ended e on e.sequence = d.dependent
    union all
    select 'job ' || w.sequence || ' is ' || w.kind || ', though it waits for '
      || count(d.dependency) || ' others'
    from ${schema}.waiting w left join ${schema}.dependencies d
      on d.dependent = w.sequence and not d.is_over
    group by w.sequence having (w.kind = 'blocked') <> (count(d.dependency) > 0)
    union all
    select 'job ' || p.sequence || ' has ended, but made progress'
    from ${schema}.progress p join ${schema}.ended e using (sequence)
    union all
    select 'a claim says that ' || c.open || ' of its places are open' from ${schema}.claims c
    where c.open <> (select count(*) from unnest(c.sequences, c.is_open) x (sequence, is_open)
      where x.is_open is not false)
    union all
    select 'a lease expires before its claim is looked at' from ${schema}.claims c
    where lapses_at > (select min(x.until) from unnest(c.leased_until, c.is_open) x (until, is_open)
      where x.is_open is not false)
    union all
    select 'job ' || sequence || ' has a past of which its row does not know' from (
      select sequence from ${schema}.ready where not has_past
      union all select sequence from ${schema}.waiting where not has_past
      union all select x.sequence from ${schema}.claims c,
        unnest(c.sequences, c.is_open) x (sequence, is_open)
        where not c.has_past and x.is_open is not false) u
    where sequence in (select sequence from ${schema}.progress
      union select dependent from ${schema}.dependencies)`);
  return rows.map(({ what }) => what as string);
}
