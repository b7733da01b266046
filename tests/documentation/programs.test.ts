/** The programs of the documentation, each on Node, Bun and Deno: they work, and SIGTERM ends them. */

import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { before, describe, test } from "node:test";
import { JobQueue } from "../../mod.ts";
import { postgres } from "../../src/store/postgres.ts";
import { endOf } from "../child_output.ts";
import { installedRuntime } from "../legs/installed.ts";
import { openTestDatabase, whyNoDatabase } from "../postgres/database.ts";
import { freePort } from "../postgres/free_port.ts";
import { until } from "../until.ts";
import { programAt, programs, writePrograms } from "./programs.ts";

const timeout = 60_000;
const commands: Readonly<Record<string, () => readonly string[]>> = {
  Node: () => [process.execPath],
  Bun: () => [installedRuntime("Bun", "bun").executable],
  Deno: () => [installedRuntime("Deno", "deno").executable, "run", "-A", "--no-check", "--quiet"],
};

describe("the programs of the documentation", { skip: whyNoDatabase }, () => {
  before(writePrograms);

  test("are started by these tests, all of them", () => {
    const names = programs.map(({ page, directives }) => `${page} ${directives.get("program")}`);
    assert.deepEqual(names, [
      "docs/deploying.md worker.ts",
      "docs/deploying.md service.ts",
      "docs/getting-started.md queue.ts",
      "docs/getting-started.md enqueue.ts",
      "docs/getting-started.md worker.ts",
    ]);
  });

  for (const [runtime, command] of Object.entries(commands)) {
    test(`getting started: a job is enqueued and run on ${runtime}`, { timeout }, async () => {
      await using database = await openTestDatabase();
      const env = { DATABASE_URL: database.url };
      const page = "docs/getting-started.md";
      const enqueued = await endOf(start(command(), programAt(page, "enqueue.ts"), env));
      assert.equal(enqueued.exitCode, 0, enqueued.stderr);
      assert.match(enqueued.stdout, /^[0-9a-f-]{36} [0-9a-f]{32} ready\n$/);
      const worker = new Program(start(command(), programAt(page, "worker.ts"), env));
      await worker.prints("mail to a@example.com: order_confirmation");
      await worker.endsBySigterm();
    });

    test(`deploying: a worker works until SIGTERM on ${runtime}`, { timeout }, async () => {
      await using database = await openTestDatabase();
      const env = { DATABASE_URL: database.url };
      const worker = new Program(
        start(command(), programAt("docs/deploying.md", "worker.ts"), env),
      );
      await worker.prints("working");
      const queue = new JobQueue({ store: await postgres(database.url) });
      await queue.enqueue("email_queue", { to: "a@example.com" });
      await queue.close();
      await worker.prints("mail to a@example.com");
      await worker.endsBySigterm();
    });

    test(`deploying: a service serves, works and stops on ${runtime}`, { timeout }, async () => {
      await using database = await openTestDatabase();
      const port = await freePort();
      const env = {
        DATABASE_URL: database.url,
        HAMMERWORK_TOKEN: "a-secret",
        PORT: String(port),
      };
      const service = new Program(
        start(command(), programAt("docs/deploying.md", "service.ts"), env),
      );
      await service.prints("working");
      const url = `http://127.0.0.1:${port}/admin/queue`;
      const sent = await fetch(`${url}/jobs`, {
        method: "POST",
        headers: { authorization: "Bearer a-secret", "content-type": "application/json" },
        body: JSON.stringify({ queueName: "email_queue", payload: { to: "b@example.com" } }),
      });
      assert.equal(sent.status, 201);
      await service.prints("mail to b@example.com");
      const headers = { authorization: `Basic ${btoa("me:a-secret")}` };
      const page = await fetch(`${url}/page`, { headers });
      assert.equal(page.status, 200);
      assert.match(await page.text(), /email_queue/);
      await service.endsBySigterm();
    });
  }
});

function start(
  [executable, ...args]: readonly string[],
  path: string,
  env: Readonly<Record<string, string>>,
): ChildProcess {
  return spawn(executable!, [...args, path], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
}

class Program {
  readonly #child: ChildProcess;
  #text = "";

  constructor(child: ChildProcess) {
    this.#child = child;
    for (const stream of [child.stdout!, child.stderr!]) {
      stream.setEncoding("utf8").on("data", (text: string) => this.#text += text);
    }
  }

  async prints(line: string): Promise<void> {
    await until(`it prints ${line}`, 30_000, () => {
      assert.equal(this.#child.exitCode, null, this.#text);
      return this.#text.includes(`${line}\n`);
    });
  }

  /** It ends by itself, with success: nothing is left open. */
  async endsBySigterm(): Promise<void> {
    const closed = once(this.#child, "close");
    this.#child.kill("SIGTERM");
    const [exitCode, signal] = await closed;
    assert.deepEqual([exitCode, signal], [0, null], this.#text);
  }
}
