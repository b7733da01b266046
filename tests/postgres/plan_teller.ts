import pg from "postgres";

/** How the server planned a statement that it ran. */
export interface PlannedStatement {
  readonly text: string;
  /** What the planner expected it to cost, in its own unit. */
  readonly cost: number;
  /** Whether parts of it were compiled by LLVM. */
  readonly isCompiled: boolean;
}

/** A client whose server tells the plan of each statement. It ends with its block. */
export interface PlanTeller extends AsyncDisposable {
  readonly sql: pg.Sql;
  /** Those that have run. */
  readonly statements: readonly PlannedStatement[];
}

interface Explanation {
  readonly "Query Text": string;
  readonly Plan: { readonly "Total Cost": number };
  readonly JIT?: unknown;
}

/** Connects as a superuser, whose statements alone may be told, or also those inside functions. */
export function planTeller(
  url: string,
  { insideFunctions = false }: { readonly insideFunctions?: boolean } = {},
): PlanTeller {
  const statements: PlannedStatement[] = [];
  const sql = pg(url, {
    max: 4,
    fetch_types: false,
    connection: {
      client_min_messages: "log",
      session_preload_libraries: "auto_explain",
      // As a number it would be left out.
      "auto_explain.log_min_duration": "0",
      "auto_explain.log_format": "json",
      "auto_explain.log_nested_statements": insideFunctions,
    },
    onnotice: ({ message = "" }) => {
      const [, json] = /plan:\s*(\{.*\})\s*$/s.exec(message) ?? [];
      if (json !== undefined) statements.push(plannedStatement(JSON.parse(json) as Explanation));
    },
  });
  return { sql, statements, [Symbol.asyncDispose]: () => sql.end({ timeout: 1 }) };
}

function plannedStatement(explanation: Explanation): PlannedStatement {
  return {
    text: explanation["Query Text"],
    cost: explanation.Plan["Total Cost"],
    isCompiled: explanation.JIT !== undefined,
  };
}
