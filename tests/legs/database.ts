import process from "node:process";
import { startServer } from "../postgres/server.ts";
import { whyNoServer } from "../postgres/server_programs.ts";

/** Where the tests of all legs find PostgreSQL, or why not. To workerd what is not set is "null". */
interface Environment extends Record<string, string> {
  readonly DATABASE_URL: string;
  readonly WHY_NO_DATABASE: string;
}

export interface FoundDatabase {
  readonly environment: Environment;
  readonly close: () => Promise<void>;
}

/** The caller's own server in DATABASE_URL, else one for this run, else the reason why there is none. */
export async function findDatabase(): Promise<FoundDatabase> {
  const url = process.env.DATABASE_URL;
  if (url) return unowned({ DATABASE_URL: url, WHY_NO_DATABASE: "" });
  const reason = whyNoServer();
  if (reason) return unowned({ DATABASE_URL: "", WHY_NO_DATABASE: reason });
  const server = await startServer();
  return {
    environment: { DATABASE_URL: server.url, WHY_NO_DATABASE: "" },
    close: async () => await server[Symbol.asyncDispose](),
  };
}

function unowned(environment: Environment): FoundDatabase {
  return { environment, close: () => Promise.resolve() };
}
