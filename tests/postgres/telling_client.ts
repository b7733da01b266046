import type pg from "postgres";
import type { Sql, SqlValue } from "../../src/store/postgres/sql.ts";

/** A client that tells each statement before it sends it. */
export function tellingClient(
  sql: pg.ISql,
  tell: (text: string, values: SqlValue[] | undefined) => void,
): Sql {
  return {
    unsafe: (text, values, options) => {
      tell(text, values);
      return sql.unsafe(text, values as never, options);
    },
  };
}
