import pg from "postgres";

/** How the server ran a statement. */
export interface Explained {
  /** Pages that were read, from memory or from the disk, in all. */
  readonly pages: number;
  /** Its steps, those of statements inside functions too, such as `Index Scan on jobs_trace`. */
  readonly steps: readonly string[];
}

/** Runs a statement, tells how, and takes back what it changed. */
export type Explain = (text: string, values?: (string | number | null)[]) => Promise<Explained>;

interface Plan {
  readonly "Node Type": string;
  readonly "Index Name"?: string;
  readonly "Relation Name"?: string;
  readonly "Shared Hit Blocks"?: number;
  readonly "Shared Read Blocks"?: number;
  readonly Plans?: readonly Plan[];
}

/** A connection that explains; it ends with its block. */
export async function explainer(url: string): Promise<{ explain: Explain } & AsyncDisposable> {
  const insideFunctions: string[] = [];
  const sql = pg(url, {
    max: 1,
    fetch_types: false,
    onnotice: ({ message = "" }) => {
      const [, json] = /plan:\s*(\{.*\})\s*$/s.exec(message) ?? [];
      if (json) insideFunctions.push(...stepsOf((JSON.parse(json) as { Plan: Plan }).Plan));
    },
  });
  await sql.unsafe(`load 'auto_explain';
    set auto_explain.log_min_duration = 0;
    set auto_explain.log_nested_statements = on;
    set auto_explain.log_format = json;
    set client_min_messages = log`).simple();
  const explain: Explain = async (text, values = []) => {
    insideFunctions.length = 0;
    await sql`begin`;
    try {
      const [row] = await sql.unsafe(`explain (analyze, buffers, format json) ${text}`, values);
      const { Plan: plan } = JSON.parse(JSON.stringify(row!["QUERY PLAN"]))[0] as { Plan: Plan };
      const pages = (plan["Shared Hit Blocks"] ?? 0) + (plan["Shared Read Blocks"] ?? 0);
      return { pages, steps: [...stepsOf(plan), ...insideFunctions] };
    } finally {
      await sql`rollback`;
    }
  };
  return { explain, [Symbol.asyncDispose]: () => sql.end({ timeout: 1 }) };
}

function stepsOf(plan: Plan): string[] {
  const on = plan["Index Name"] ?? plan["Relation Name"];
  const step = on === undefined ? plan["Node Type"] : `${plan["Node Type"]} on ${on}`;
  return [step, ...(plan.Plans ?? []).flatMap(stepsOf)];
}
