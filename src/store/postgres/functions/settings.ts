/**
 * What the functions in the server have in common.
 *
 * @module
 */

/**
 * No function is compiled. To the planner a way that a setting forbids costs 10^10, so a statement that
 * has no other is far above `jit_above_cost`, and LLVM takes a second for what takes a millisecond.
 */
export const interpreted = "set jit = off";

/**
 * The claim keeps its plan whatever the planner's statistics say: ANALYZE may have seen one row. It is
 * planned once; to plan it for each claim anew takes longer than the claim.
 */
export const pinned: string = interpreted +
  " set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off " +
  "set enable_hashjoin = off set enable_mergejoin = off set plan_cache_mode = force_generic_plan";

/** The longest time that is kept, in ms: the server's calendar has a beginning. */
export const longestKeptMs = 10_000_000_000_000;

/**
 * A few rows are looked up by their ids; no statistics may make that a pass over the table. Statements
 * that run level by level are planned once.
 */
export const byIndex: string = interpreted +
  " set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off " +
  "set plan_cache_mode = force_generic_plan";

/**
 * Sets are joined with each other, whatever the planner takes their sizes for; a table is looked up job by
 * job, in subqueries that say so (`lateral`, `offset 0`): those joins alone are left.
 */
export const inSets: string = interpreted +
  " set enable_seqscan = off set enable_nestloop = off set enable_mergejoin = off " +
  "set plan_cache_mode = force_generic_plan";

/** Whether a job is one of some: hashed, since thousands are compared with thousands. */
export const isOneOf = (job: string, jobs: string): string => `(${job} in (${jobs})) is true`;

/** Whether a value is one of a few: a question that no index answers, so that a row is looked up by its key. */
export const isAmong = (value: string, values: string): string =>
  `array_position(${values}, ${value}) is not null`;

/** Statements must see what was committed while they waited: with one snapshot a job could stay blocked. */
export const readCommitted = `if current_setting('transaction_isolation') <> 'read committed' then
    raise exception using errcode = '25001', message = 'The transaction isolation must be read '
      'committed: got ' || current_setting('transaction_isolation');
  end if;`;
