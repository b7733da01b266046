/** What cannot be done or followed: one sentence on standard error, and an exit code that tells which. */

import assert from "node:assert/strict";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { describe, test } from "node:test";
import { job } from "../../mod.ts";
import { openTestDatabase, whyNoDatabase } from "../postgres/database.ts";
import { temporaryFolder } from "../sqlite/workers/temporary_folder.ts";
import { ended, makeOrders, queueOn } from "./orders.ts";
import { onSqlite } from "./places.ts";
import { endOf } from "../child_output.ts";
import { cli, cliTo, startCli } from "./run_cli.ts";
import { cliHere } from "./run_here.ts";

const timeout = 60_000;
const { deno, bun } = process.versions as { deno?: string; bun?: string };
const isNode = deno === undefined && bun === undefined;

describe("the command line's usage", () => {
  test("wrong usage is an error of one sentence, exit code 2", { timeout }, async () => {
    const wrong: readonly (readonly [args: string, sentence: RegExp])[] = [
      ["job lst", /^There is no command "job lst": there are job list, /],
      ["jobs", /^There is no command "jobs": .*; did you mean job\?$/],
      ["jobs lst", /^There is no command "jobs": .*; did you mean job list\?$/],
      ["stats", /^There is no command "stats": .*; did you mean queue stats\?$/],
      [
        "queue sats",
        /^There is no command "queue sats": there are .*; did you mean queue stats\?$/,
      ],
      ["migrat", /; did you mean migrate\?$/],
      ["frobnicate", /^There is no command "frobnicate": there are [a-z ,]+$/],
      ["job frobnicate", /^There is no command "job frobnicate": there are [a-z ,]+$/],
      ["completion bsh", /^SHELL must be bash, zsh, fish: got "bsh"; did you mean bash\?$/],
      ["job list --status faild", /^--status must be .*: got "faild"; did you mean failed\?$/],
      ["job list", /^No store is given: set --url or HAMMERWORK_URL /],
      ["job list --foo", /^There is no option --foo; hammerwork job list --help lists /],
      [
        "job list --stauts failed",
        /^There is no option --stauts, did you mean --status\?; hammerwork job /,
      ],
      ["job list --limit", /^--limit needs a value: --limit N$/],
      ["job list --limit 0", /^--limit must be a whole number from 1 to 1000: got "0"$/],
      ["job list --limit 1 --limit 2", /^--limit can be given once: got it 2 times$/],
      ["job list --json=yes", /^--json takes no value: got "yes"$/],
      ["job list --status done", /^--status must be one of scheduled, .*: got "done"$/],
      [
        "job list --created-from soon",
        /^--created-from must be a duration such as .*: got "soon"$/,
      ],
      ["job list --trace-id 123", /^--trace-id: A trace id must be 32 hex digits .*: got "123"$/],
      ["job list --queue a/b", /^--queue: A queue name must be /],
      ["job list --cursor x", /^--cursor must be a cursor that an earlier list printed: got "x"$/],
      ["job list --include all --json", /^--include must be payload, result, stack: got "all"$/],
      ["job list --include payload", /^--include is for --json only$/],
      ["job list all", /^hammerwork job list takes no argument: got "all" too$/],
      ["job show", /^hammerwork job show needs ID; see its --help$/],
      ["job enqueue q", /^hammerwork job enqueue needs PAYLOAD; /],
      ["job enqueue q {x", /^PAYLOAD: JSON was expected: got "\{x"$/],
      ["job enqueue q 9007199254740993", /^PAYLOAD: A number must be .*: got 9007199254740993, /],
      ['job enqueue q {"a":[1e999]}', /^PAYLOAD: a\[0\]: A number must be .*: got 1e999, /],
      ['job enqueue q {"a":1,"a":2}', /^PAYLOAD: a: A name must be in an object once/],
      ["job enqueue q 1 --priority high", /^--priority must be a whole number from -32768 /],
      ["trace show", /^hammerwork trace show needs either a trace id or --correlation-id$/],
      [
        "serve --host 0.0.0.0",
        /^To listen at 0\.0\.0\.0, a token is needed: set HAMMERWORK_TOKEN$/,
      ],
      ["migrate --url mysql://me:secret@host/x", /^--url must be postgres:\/\/… or a SQLite file/],
    ];
    await using place = await onSqlite.make();
    for (const [line, sentence] of wrong) {
      const args = line.split(" ");
      const needsStore = !/No store/.test(String(sentence)) && !args.includes("--url");
      const env: Record<string, string> = needsStore ? { HAMMERWORK_URL: place.url } : {};
      const { stdout, stderr, exitCode } = await cliHere(args, { env });
      assert.deepEqual([stdout, exitCode], ["", 2], line);
      assert.match(stderr.trimEnd(), sentence, line);
      assert.equal(stderr.split("\n").length, 2, `One line: ${stderr}`);
    }
    const asProcess = await cli(["job", "list", "--foo"]);
    assert.deepEqual(asProcess, await cliHere(["job", "list", "--foo"]));
  });

  test("every level has help with examples, within 80 columns", { timeout }, async () => {
    const top = await cli(["--help"]);
    assert.equal((await cliHere([])).stdout, top.stdout);
    const names = [
      ...top.stdout.matchAll(/^ {2}((?:job|trace|queue) \w+|migrate|serve|demo|completion) /gm),
    ]
      .map(([, name]) => name!);
    assert.equal(names.length, 16);
    const levels = [
      ["job"],
      ["queue", "--help"],
      ...names.map((name) => [...name.split(" "), "-h"]),
    ];
    for (const args of [["--help"], ...levels]) {
      const { stdout, exitCode } = await cliHere(args);
      assert.equal(exitCode, 0);
      assert.match(stdout, /^Examples:\n {2}hammerwork \w+/m);
      for (const line of stdout.split("\n")) assert.ok(line.length <= 80, line);
    }
    for (const args of [[], ["job"], ...names.map((name) => [...name.split(" "), "-h"])]) {
      const { stdout } = await cliHere(args, { columns: 60 });
      // The lines of examples are to be copied.
      for (const line of stdout.slice(0, stdout.indexOf("\nExamples:")).split("\n")) {
        assert.ok(line.length <= 60, `${args.join(" ")}: ${line}`);
      }
    }
    assert.match((await cli(["--version"])).stdout, /^\d+\.\d+\.\d+\n$/);
  });

  test(
    "an end of an id that several jobs have is refused with a list of them",
    { timeout },
    async () => {
      await using place = await onSqlite.make();
      await makeOrders(place);
      await using queue = queueOn(await place.open());
      const twin = ended.payment.replace("01890a5d", "01890a5e");
      await queue.enqueue({ ...job("payment_queue", 1), id: twin });
      const { stdout, stderr, exitCode } = await cli(["job", "show", "a10001", "--url", place.url]);
      assert.deepEqual([stdout, exitCode], ["", 1]);
      assert.match(stderr, /^2 jobs have an id that ends in a10001; give more digits:\n/);
      assert.ok(stderr.includes(twin) && stderr.includes(ended.payment), stderr);
      const short = await cli(["job", "show", "0001", "--url", place.url]);
      assert.equal(short.exitCode, 2);
      assert.match(short.stderr, /^A job id must be complete, or at least its last 6 hex digits/);
    },
  );

  test("a lookup creates no file and no schema, and says so", { timeout }, async () => {
    using folder = temporaryFolder();
    const missing = join(folder.path, "missing.db");
    for (const url of [missing, `sqlite:${missing}`, `file:${missing}`, `file://${missing}`]) {
      for (const args of [["job", "list"], ["job", "enqueue", "q", "1"]]) {
        const { stderr, exitCode } = await cliHere([...args, "--url", url]);
        const sentence = `There is no SQLite file ${missing}; hammerwork migrate creates it\n`;
        assert.deepEqual([stderr, exitCode], [sentence, 1]);
        assert.ok(!existsSync(missing));
      }
    }
    const empty = join(folder.path, "empty.db");
    writeFileSync(empty, "");
    const { stderr, exitCode } = await cli(["queue", "stats", "--url", empty]);
    assert.equal(
      stderr,
      "The SQLite file must have a schema of version 1: got none; hammerwork migrate creates it\n",
    );
    assert.equal(exitCode, 1);
  });

  test(
    "output that cannot be written is an error, but not a reader that stops reading",
    { timeout, skip: !existsSync("/dev/full") },
    async () => {
      for (const [args, full, exitCode] of [["--help", 1, 1], ["jobs", 2, 2]] as const) {
        const { stderr, ...end } = await cliTo("/dev/full", full, [args]);
        assert.equal(end.exitCode, exitCode, args);
        if (full === 1) {
          assert.match(
            stderr,
            /^Standard output cannot be written: .*no space left on device.*\n$/i,
          );
        }
      }
      const child = startCli(["--help"]);
      const end = endOf(child);
      child.stdout!.destroy();
      assert.deepEqual(await end, { stdout: "", stderr: "", exitCode: 0 });
    },
  );

  test(
    "a Postgres without the schema is an error with advice",
    { timeout, skip: whyNoDatabase },
    async () => {
      const database = await openTestDatabase();
      try {
        const { stdout, stderr, exitCode } = await cliHere(["job", "list", "--url", database.url]);
        assert.deepEqual([stdout, exitCode], ["", 1]);
        assert.match(
          stderr,
          /^The Postgres schema "\w+" must have version \d+: got none; hammerwork migrate creates it\n$/,
        );
      } finally {
        await database.drop();
      }
    },
  );

  test("no warning of node:sqlite is printed", { timeout, skip: !isNode }, async () => {
    await using place = await onSqlite.make();
    // As Node 22 does when the module is loaded first; later versions do not.
    const warning = `const { getBuiltinModule } = process; let isLoaded = false;
      process.getBuiltinModule = (name) => {
        if (name === "node:sqlite" && !isLoaded) {
          isLoaded = true;
          process.emitWarning("SQLite is an experimental feature", "ExperimentalWarning");
        }
        return getBuiltinModule(name);
      };`;
    const NODE_OPTIONS = `--import=data:text/javascript,${encodeURIComponent(warning)}`;
    const { stdout, stderr, exitCode } = await cli(["job", "list", "--url", place.url], {
      env: { NODE_OPTIONS },
    });
    assert.deepEqual([stdout, stderr, exitCode], ["", "No job found\n", 0]);
  });

  test("a payload of spaces or line breaks takes no longer than another", { timeout }, async () => {
    await using place = await onSqlite.make();
    await using queue = queueOn(await place.open());
    for (const hard of [" ", " \n", "\n ", "://:", "a:@"]) {
      const text = hard.repeat(260_000 / (JSON.stringify(hard).length - 2));
      const { id, traceId } = await queue.enqueue("email_queue", { text });
      await queue.cancel(id, { reason: text });
      for (const args of [["job", "show", id], ["trace", "show", traceId]]) {
        const { exitCode } = await cliHere(args, { env: { HAMMERWORK_URL: place.url } });
        assert.equal(exitCode, 0);
      }
      const failed = await cliHere(["job", "show", text], { env: { HAMMERWORK_URL: place.url } });
      assert.equal(failed.exitCode, 2);
    }
  });

  test("a password is in no error, whatever goes wrong", { timeout }, async () => {
    const urls = [
      "postgres://me:hunter2@127.0.0.1:1/shop",
      "postgresql://me:hun@ter2@127.0.0.1:1/shop",
      "postgres://127.0.0.1:1/shop?password=hunter2",
      "postgres://me:hunter2@[bad/shop",
      "postgres:me:hunter2",
      "mysql://me:hunter2@host/shop",
      "jdbc:postgresql://host/shop?password=hunter2",
      "me:hunter2@host",
      "me:hunter2@host/shop",
      "x://y/,postgres://me:hunter2@host:5432/shop",
    ];
    const here = urls.flatMap((url) => [
      cliHere(["job", "list", "--url", url]),
      cliHere(["job", "list"], { env: { HAMMERWORK_URL: url } }),
    ]);
    const asProcesses = urls.slice(1, 4).map((url) => cli(["job", "list", "--url", url]));
    const results = await Promise.all([...here, ...asProcesses]);
    for (const { stdout, stderr, exitCode } of results) {
      assert.notEqual(exitCode, 0);
      assert.equal(stdout, "");
      assert.match(stderr, /^.+\n$/, "One sentence");
      assert.doesNotMatch(stderr, /ter2/);
    }
    const mistaken = await cliHere(["job", "list", urls[0]!, "--url", "x.db"]);
    assert.match(mistaken.stderr, /got "postgres:\/\/me:\*\*\*@127\.0\.0\.1:1\/shop" too$/m);
  });
});
