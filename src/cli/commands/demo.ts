/**
 * `hammerwork demo`: the order workflow of `examples`, on a SQLite file that is removed at the end.
 *
 * @module
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import type { Command } from "../command.ts";
import { FailedError } from "../errors.ts";
import type { Io } from "../io.ts";
import { loadSqliteSilently } from "../open_queue.ts";

/** Runs the order workflow. */
export const demo: Command = {
  name: "demo",
  summary: "Runs sample orders and serves the page.",
  opensStore: false,
  options: {
    port: { value: "PORT", help: "port of the page; default: a free one" },
    once: { help: "end when all jobs have ended, without the page" },
  },
  notes: "Each order is a payment, then an e-mail and a reservation; all orders together\n" +
    "are an import in batches. The jobs are in a temporary SQLite file, which Ctrl-C\n" +
    "removes. The page needs the packages hono and @hono/node-server; if they are\n" +
    "missing, npx hammerwork demo fetches them into a temporary folder.",
  examples: ["demo", "demo --once"],
  run: async (args, io) => {
    const port = args.integer("port", 0, 65_535) ?? 0;
    const runsOnce = args.has("once");
    // A signal must not leave the folder behind.
    const stop = io.interrupted();
    const folder = await mkdtemp(join(tmpdir(), "hammerwork-demo-"));
    try {
      if (!runsOnce && !await hasPagePackages()) {
        return await runInFolder(folder, ["demo", "--port", String(port)], stop, io);
      }
      loadSqliteSilently();
      const { run } = await import("../../../examples/order_workflow/run.ts");
      const database = join(folder, "hammerwork.db");
      await run({ orders: undefined, database, url: undefined, once: runsOnce, port }, stop);
      return 0;
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};

async function hasPagePackages(): Promise<boolean> {
  try {
    await Promise.all([import("hono"), import("@hono/node-server")]);
    return true;
  } catch {
    return false;
  }
}

/** Installs a copy of this package with the packages of the page into the folder, and runs that. */
async function runInFolder(
  folder: string,
  words: readonly string[],
  stop: AbortSignal,
  io: Io,
): Promise<number> {
  const npm = io.env.npm_execpath;
  // npx was asked to fetch packages; an installed command was not.
  if (npm === undefined || io.env.npm_command !== "exec") {
    throw new FailedError(
      "The page of hammerwork demo needs the packages hono and @hono/node-server: " +
        "npm install hono @hono/node-server, or hammerwork demo --once for no page",
    );
  }
  await io.stderr.write("Fetching hono and @hono/node-server for the page\n");
  const root = fileURLToPath(new URL("../../../../", import.meta.url));
  const { peerDependencies } = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
  const packages = ["hono", "@hono/node-server"].map((name) => `${name}@${peerDependencies[name]}`);
  const options = ["--prefix", folder, "--install-links", "--no-audit", "--no-fund", "--silent"];
  if (await exitCodeOf([npm, "install", ...options, ...packages, root], stop, io) !== 0) {
    throw new FailedError(
      "npm could not install hono and @hono/node-server; hammerwork demo --once needs neither",
    );
  }
  const command = join(folder, "node_modules/hammerwork/dist/src/cli.js");
  return await exitCodeOf([command, ...words], stop, io);
}

/** Runs a script with this runtime. */
async function exitCodeOf(script: readonly string[], stop: AbortSignal, io: Io): Promise<number> {
  const child = spawn(process.execPath, script, {
    stdio: "inherit",
    env: { ...io.env, npm_command: undefined },
  });
  const end = () => child.kill("SIGTERM");
  stop.addEventListener("abort", end);
  try {
    const [code] = await once(child, "exit");
    return code ?? 1;
  } finally {
    stop.removeEventListener("abort", end);
  }
}
