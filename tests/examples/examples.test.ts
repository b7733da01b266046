/** Each example runs with one command and prints what its comment says, on every runtime it can. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import process from "node:process";
import { after, describe, test } from "node:test";
import { endOf } from "../child_output.ts";
import { type Received, startCollector } from "../collector.ts";

const timeout = 60_000;

interface Run {
  readonly args?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

const runtimes = [
  { name: "Node", command: [process.execPath, "--disable-warning=ExperimentalWarning"] },
  { name: "Bun", command: ["node_modules/.bin/bun"] },
  { name: "Deno", command: ["node_modules/.bin/deno", "run", "-A", "--no-check", "--quiet"] },
].filter(({ name, command }) => name === "Node" || existsSync(command[0]!));

function start(
  command: readonly string[],
  example: string,
  { args = [], environment = {} }: Run = {},
) {
  const [executable, ...before] = command;
  const child = spawn(executable!, [...before, `examples/${example}.ts`, ...args], {
    env: { ...process.env, ...environment },
  });
  after(() => child.kill("SIGKILL"));
  return child;
}

/** Runs it to its end, which it reaches by itself. */
async function run(command: readonly string[], example: string, options?: Run): Promise<string> {
  const { exitCode, stdout, stderr } = await endOf(start(command, example, options));
  assert.deepEqual([exitCode, stderr], [0, ""], example);
  return stdout;
}

for (const { name, command } of runtimes) {
  describe(`on ${name}, the example`, { concurrency: 2 }, () => {
    test("quickstart finds its job by its trace", { timeout }, async () => {
      assert.equal(
        await run(command, "quickstart"),
        "To a@example.com: order_confirmation\nemail_queue: completed (order-12345)\n",
      );
    });

    test("parent_and_children shows a tree, and cancels one", { timeout }, async () => {
      assert.equal(
        await run(command, "parent_and_children"),
        `data_import: completed
${"  process_batch: completed\n".repeat(4)}
Cancelled below the second import: 2 jobs
data_import: completed
${"  process_batch: cancelled\n".repeat(2)}`,
      );
    });

    test("hooks_and_logs writes lines with the ids of the job", { timeout }, async () => {
      const lines = (await run(command, "hooks_and_logs")).trim().split("\n");
      const logged = lines.map((line) => JSON.parse(line));
      const count = (message: string) => logged.filter((one) => one.message === message).length;
      assert.equal(count("charging"), 4);
      assert.deepEqual(["complete", "retry", "fail"].map((type) => count(`job ${type}`)), [
        ...[2, 1, 1],
      ]);
      assert.equal(count("trace complete"), 3);
      for (const { message, job_id, trace_id } of logged) {
        if (message === "charging") assert.ok(job_id !== undefined && trace_id !== undefined);
      }
    });

    test("custom_spans prints its own span below the attempt's", { timeout }, async () => {
      const printed = await run(command, "custom_spans");
      const [, attempt] = /process payment_queue {2}\w+\/(\w+)/.exec(printed)!;
      assert.match(printed, new RegExp(`charge the card {2}\\w+/\\w+ < ${attempt}`));
      assert.match(printed, /shop\.queue=payment_queue order\.amount=299\.99/);
      assert.match(printed, /with traceparent 00-[0-9a-f]{32}-[0-9a-f]{16}-01$/m);
    });

    test("toy_store runs a workflow on its store", { timeout }, async () => {
      assert.equal(
        await run(command, "toy_store/main"),
        "To a@example.com\nemail_queue: completed\npayment_queue: completed\n",
      );
    });

    test("hono_service takes jobs, shows them, and ends on SIGTERM", { timeout }, async () => {
      const child = start(command, "hono_service", { environment: { PORT: "0" } });
      const end = endOf(child);
      let printed = "";
      child.stdout.on("data", (text) => printed += text);
      const printedText = async (pattern: RegExp) => {
        while (!pattern.test(printed)) await once(child.stdout, "data");
        return pattern.exec(printed)!;
      };
      const [, url] = await printedText(/Listening at (\S+)/);
      const response = await fetch(`${url}/orders`, {
        method: "POST",
        headers: { traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01" },
        body: JSON.stringify({ to: "a@example.com" }),
      });
      const { id, traceId } = await response.json();
      assert.deepEqual([response.status, traceId], [202, "4bf92f3577b34da6a3ce929d0e0e4736"]);
      await printedText(/To a@example\.com/);
      const page = await fetch(`${url}/admin/queue/page/jobs/${id}`);
      assert.match(await page.text(), /email_queue/);
      child.kill("SIGTERM");
      const { exitCode, stdout, stderr } = await end;
      assert.match(stdout, /Stopped\n$/);
      assert.deepEqual([exitCode, stderr], [0, ""]);
    });
  });
}

describe("the example tracing", () => {
  const [{ command }] = runtimes as [typeof runtimes[number]];

  test("prints spans on the console", { timeout }, async () => {
    const printed = await run(command, "tracing", { args: ["console"] });
    assert.match(printed, /process email_queue/);
    assert.match(printed, /^Trace [0-9a-f]{32}, spans lost: 0$/m);
  });

  const backEnds = [
    { name: "jaeger", path: "", sentTo: "/v1/traces" },
    { name: "zipkin", path: "/api/v2/spans", sentTo: "/api/v2/spans" },
    { name: "honeycomb", path: "", sentTo: "/v1/traces", header: "x-honeycomb-team" },
    { name: "datadog", path: "", sentTo: "/v1/traces", header: "dd-api-key" },
  ];
  for (const { name, path, sentTo, header } of backEnds) {
    test(`sends spans as ${name} takes them`, { timeout }, async (t) => {
      const collector = await startCollector();
      t.after(() => collector.close());
      const box = `${collector.url}/${name}`;
      const environment = { HONEYCOMB_API_KEY: "a-key", DD_API_KEY: "a-key" };
      const args = [name, `${box}${path}`];
      const printed = await run(command, "tracing", { args, environment });
      assert.match(printed, /spans lost: 0$/m);
      const received = await (await fetch(box)).json() as Received[];
      assert.ok(received.length > 0);
      for (const { path, violations, headers } of received) {
        assert.deepEqual([path, violations], [sentTo, []]);
        if (header !== undefined) assert.equal(headers[header], "a-key");
      }
    });
  }
});

test(
  "npm run example starts an example by its name, on a runtime that can",
  { timeout },
  async () => {
    const launch = (name: string) => endOf(spawn(process.execPath, ["examples/start.js", name]));
    const { exitCode, stdout } = await launch("quickstart");
    assert.match(stdout, /^email_queue: completed/m);
    assert.equal(exitCode, 0);
    assert.deepEqual(await launch("nothing"), {
      exitCode: 2,
      stdout: "",
      stderr: "There is no example nothing; examples/README.md lists them\n",
    });
  },
);

test("every example is listed, says how to run it, and has a test", () => {
  const list = readFileSync("examples/README.md", "utf8");
  const tests = readdirSync("tests", { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".test.ts") && !file.includes("node_modules"))
    .map((file) => readFileSync(`tests/${file}`, "utf8")).join();
  const examples = readdirSync("examples", { withFileTypes: true })
    .filter((entry) => entry.isDirectory() || entry.name.endsWith(".ts"));
  assert.ok(examples.length >= 9);
  for (const entry of examples) {
    assert.ok(list.includes(`](${entry.name})`), entry.name);
    const program = entry.isDirectory() ? `${entry.name}/main.ts` : entry.name;
    const comment = readFileSync(`examples/${program}`, "utf8").split("*/")[0]!;
    assert.match(comment, new RegExp(`node examples/${program}|npm start`));
    assert.ok(tests.includes(entry.name.replace(/\.ts$/, "")), entry.name);
  }
});
