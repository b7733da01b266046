/** Every block of every page: run here, run as a test of its runtimes, or listed with the reason. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import process from "node:process";
import { describe, test } from "node:test";
import pg from "postgres";
import { postgres } from "../../src/store/postgres.ts";
import { endOf } from "../child_output.ts";
import { makeOrders } from "../cli/orders.ts";
import { onPostgres, onSqlite, type Place } from "../cli/places.ts";
import { cli, printed, startCli } from "../cli/run_cli.ts";
import { cliHere } from "../cli/run_here.ts";
import { openTestDatabase, whyNoDatabase } from "../postgres/database.ts";
import { temporaryFolder } from "../sqlite/workers/temporary_folder.ts";
import { type Block, blocksIn, blocksOf, isTested, pages } from "./pages.ts";

const blocks = pages.flatMap(blocksOf);
const where = ({ page, line }: Block) => `${page}:${line}`;

/** What no test runs, by page, and why. */
const notRun: Readonly<Record<string, readonly string[]>> = {
  "README.md": ["it installs from the registries"],
  "docs/deploying.md": [
    "it needs Docker",
    "wrangler is not among the packages of the tests",
  ],
  "docs/getting-started.md": [
    "it installs from the registry",
    "it needs Docker",
    "programs.test.ts runs these files on Node, Bun and Deno",
    "it serves until Ctrl-C, which tests/cli does",
  ],
  "docs/monitoring.md": ["its package is not among those of the tests"],
  "docs/specification.md": ["it installs from the registry"],
  "docs/stores.md": ["tests/runtimes/toy_store.test.ts is this test"],
  "docs/tracing.md": ["it needs Docker"],
};

describe("the blocks of the documentation", () => {
  test("are run, each of them, but those that are listed here with the reason", () => {
    const found: Record<string, string[]> = {};
    for (const block of blocks) {
      const reason = block.directives.get("not run");
      if (reason !== undefined) (found[block.page] ??= []).push(reason);
      else assert.ok(isRun(block), `${where(block)}: what is not run says why`);
    }
    assert.deepEqual(found, notRun);
  });

  test("need nothing that Node 22 cannot parse", () => {
    for (const block of blocks.filter(({ language }) => language === "ts")) {
      assert.doesNotMatch(block.code, /\bawait using\b|^\s*using /m, where(block));
    }
  });

  test("say how they are run in words that exist", () => {
    const block = "```ts\nconsole.log(1);\n```\n";
    const [read] = blocksIn("a.md", `<!-- runs on: Node 22, Bun -->\n\n${block}`);
    assert.equal(read?.directives.get("runs on"), "Node 22, Bun");
    assert.equal(read?.line, 4);
    assert.throws(() => blocksIn("a.md", `<!-- run on: Bun -->\n\n${block}`), /run on: Bun/);
    assert.throws(() => blocksIn("a.md", "```ts ignore\n```\n"), /a fence has a language only/);
  });

  for (const block of blocks.filter(isShell)) {
    const onDatabase = block.code.includes("DATABASE_URL");
    const options = { skip: onDatabase && whyNoDatabase };
    test(`${where(block)} is a command that does what it is to do`, options, async () => {
      await using place = await (onDatabase ? onPostgres : onSqlite).make();
      await makeOrders(place);
      const { exitCode, stdout, stderr } = await runInShell(block, place);
      assert.equal(exitCode, 0, `${stdout}\n${stderr}`);
    });
  }

  for (const block of blocks.filter(isOutput)) {
    test(`${where(block)} is what a terminal shows`, async () => {
      await using place = await onSqlite.make();
      await makeOrders(place);
      const [line] = block.code.split("\n");
      const env = { HAMMERWORK_URL: place.url, TERM: "dumb" };
      const { stdout } = await cliHere(line!.split(" ").slice(2), { env, columns: 80 });
      assert.equal(block.code, `${line}\n${stdout}`);
    });
  }

  test("in SQL run on Postgres, in the order of their page", { skip: whyNoDatabase }, async () => {
    await using database = await openTestDatabase();
    await (await postgres(database.url)).close();
    const sql = pg(database.url, { max: 1 });
    try {
      for (const { code } of blocks.filter(({ language }) => language === "sql")) {
        assert.ok((await sql.unsafe(code)).length > 0, code);
      }
    } finally {
      await sql.end();
    }
  });

  test("that CI runs are lines of its script", () => {
    for (const { directives, code } of blocks) {
      const file = directives.get("run by");
      if (file === undefined) continue;
      const lines = readFileSync(file, "utf8");
      // The sample serves until it is stopped, which CI cannot wait for.
      const run = code.trim().replace("npm ci && npm start", "npm start -- --once");
      assert.ok(lines.includes(`\n${run}\n`), `${file} has ${run}`);
    }
  });

  test("are in languages that these tests know", () => {
    const known = ["ts", "sh", "sql", "text", "promql", "dockerfile", "toml"];
    for (const block of blocks) assert.ok(known.includes(block.language), where(block));
  });
});

function isRun(block: Block): boolean {
  return isTested(block) || isShell(block) || isOutput(block) || block.directives.has("program") ||
    block.directives.has("run by") || ["sql", "promql"].includes(block.language) ||
    isDrawing(block);
}

function isShell({ language, directives }: Block): boolean {
  return language === "sh" && !directives.has("not run") && !directives.has("run by");
}

function isOutput({ language, code }: Block): boolean {
  return language === "text" && code.startsWith("$ hammerwork ");
}

function isDrawing({ language, code }: Block): boolean {
  return language === "text" && /──/.test(code);
}

/** As a reader would run it: in a folder of its own, where `npx hammerwork` is this command line. */
async function runInShell({ code, directives }: Block, place: Place) {
  using folder = temporaryFolder();
  const bin = join(folder.path, "bin");
  mkdirSync(bin);
  const npx = `#!/bin/sh\nshift\nexec "${process.execPath}" "${resolve("src/cli.ts")}" "$@"\n`;
  writeFileSync(join(bin, "npx"), npx);
  chmodSync(join(bin, "npx"), 0o755);
  await using server = directives.has("served") ? await serve(place.url) : undefined;
  // A page that is not there is no success.
  const script = code.replaceAll("http://localhost:8080", server?.url ?? "http://localhost:8080")
    .replaceAll(/^curl /gm, "curl --fail-with-body --silent --show-error ");
  const child = spawn("bash", ["-euo", "pipefail", "-c", script], {
    cwd: folder.path,
    env: {
      ...process.env,
      PATH: `${bin}${delimiter}${process.env.PATH}`,
      HAMMERWORK_URL: place.url,
      DATABASE_URL: place.url,
      ADMIN_DATABASE_URL: place.url,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  return await endOf(child);
}

async function serve(store: string): Promise<AsyncDisposable & { readonly url: string }> {
  await cli(["migrate", "--url", store]);
  const child = startCli(["serve", "--page", "--port", "0", "--json", "--url", store]);
  const { url } = JSON.parse(await printed(child, (text) => text.includes("\n")));
  return {
    url,
    [Symbol.asyncDispose]: async () => {
      const ended = endOf(child);
      child.kill("SIGTERM");
      await ended;
    },
  };
}
