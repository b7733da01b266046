/** The command line of `npm start`. */
import { parseArgs } from "node:util";
import type { RunOptions } from "./run.ts";

/** The parsed command line. */
export interface CommandLine extends RunOptions {
  /** Whether to print the help only. */
  readonly help: boolean;
}

/** The command line is wrong. The message is a sentence. */
export class UsageError extends Error {}

export const help = `Runs orders through a job queue: for each order a payment, then an e-mail and a
reservation, and for the whole file an import in ten batches. Then it serves the
jobs, with a page, until it is stopped.

  npm start -- [ORDERS] [--once] [--port PORT] [--database FILE] [--url URL]

  ORDERS           a file with a JSON order on each line, or - for standard input;
                   default: twelve sample orders
  --once           end when all jobs have ended, without serving
  --port PORT      port to serve at; default: 8080; 0 takes a free one
  --database FILE  SQLite file for the jobs; receipts and reservations are written
                   beside it; default: .orders/hammerwork.db
  --url URL        store the jobs in Postgres instead: postgres://user@host/database
  --help           show this help
`;

const examples = { url: "postgres://localhost/shop", database: "orders.db", port: "8080" };

const options = {
  once: { type: "boolean" },
  port: { type: "string" },
  database: { type: "string" },
  url: { type: "string" },
  help: { type: "boolean", short: "h" },
} as const;

/**
 * Reads the arguments.
 *
 * @throws {UsageError} for an unknown option, a missing value or a second file.
 */
export function readCommandLine(args: readonly string[]): CommandLine {
  // Not strict: the runtimes word its errors differently, and in several sentences.
  const { values, positionals, tokens } = parseArgs({
    args: [...args],
    options,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  for (const token of tokens) if (token.kind === "option") checkOption(token);
  if (positionals.length > 1) {
    throw new UsageError(`One file of orders is expected: got ${positionals.join(" and ")}`);
  }
  return {
    orders: positionals[0],
    database: typeof values.database === "string" ? values.database : ".orders/hammerwork.db",
    url: readUrl(values.url),
    once: values.once === true,
    port: readPort(values.port),
    help: values.help === true,
  };
}

/** The error does not repeat the URL, which may contain a password. */
function readUrl(url: unknown): string | undefined {
  if (typeof url !== "string") return undefined;
  if (/^postgres(ql)?:\/\/./.test(url)) return url;
  throw new UsageError("--url must begin with postgres://");
}

function readPort(port: unknown): number {
  if (typeof port !== "string") return 8080;
  if (/^\d{1,5}$/.test(port) && Number(port) <= 65_535) return Number(port);
  throw new UsageError(`--port must be a number from 0 to 65535: got ${port}`);
}

function checkOption(token: { name: string; rawName: string; value?: string | undefined }): void {
  const option = options[token.name as keyof typeof options];
  if (option === undefined) {
    throw new UsageError(`There is no option ${token.rawName}; --help lists the options`);
  }
  if (option.type === "string" && !token.value) {
    const example = examples[token.name as keyof typeof examples];
    throw new UsageError(`${token.rawName} needs a value, such as ${token.rawName} ${example}`);
  }
  if (option.type === "boolean" && token.value !== undefined) {
    throw new UsageError(`${token.rawName} takes no value: got ${token.value}`);
  }
}
