import type client from "postgres";
import { until } from "../until.ts";

/**
 * Waits until the transactions that are open now are over, those of other tests on the same server
 * among them: what may still add to a tree or to the dependents of a job is looked for until then.
 */
export async function olderTransactionsAreOver(sql: client.Sql): Promise<void> {
  const [{ newest } = {}] =
    await sql`select pg_snapshot_xmax(pg_current_snapshot())::text as newest`;
  await until("the older transactions are over", 20_000, async () => {
    const [{ over } = {}] = await sql`
      select pg_snapshot_xmin(pg_current_snapshot()) >= ${newest}::xid8 as over`;
    return over === true;
  });
}
