/** `serve`: the router of `hammerwork/http` on a port of its own. */

import assert from "node:assert/strict";
import { get } from "node:http";
import { connect } from "node:net";
import process from "node:process";
import { describe, test } from "node:test";
import { ended, makeOrders } from "./orders.ts";
import { onSqlite } from "./places.ts";
import { endOf } from "../child_output.ts";
import { cli, printed, startCli } from "./run_cli.ts";
import { cliHere } from "./run_here.ts";

const timeout = 60_000;

/** Serves for the length of some work, and ends on SIGINT. */
async function serving(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  work: (url: string) => Promise<void>,
): Promise<void> {
  const child = startCli(["serve", "--port", "0", ...args], { env });
  const end = endOf(child);
  const text = await printed(child, (text) => text.endsWith("\n"));
  try {
    await work(/http:\/\/127\.0\.0\.1:\d+/.exec(text)![0]);
  } finally {
    process.kill(child.pid!, "SIGINT");
  }
  const { exitCode, stderr } = await end;
  assert.deepEqual([exitCode, stderr], [0, ""]);
}

describe("hammerwork serve", () => {
  test("stores jobs and shows them, until SIGINT", { timeout }, async () => {
    await using place = await onSqlite.make();
    await makeOrders(place);
    await serving(["--url", place.url, "--json"], {}, async (url) => {
      const tree = await (await fetch(`${url}/traces/${ended.traceId}`)).json();
      assert.equal(tree.roots.length, 4);
      const response = await fetch(`${url}/jobs`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ queueName: "email_queue", payload: { to: "漢" } }),
      });
      assert.equal(response.status, 201);
      const { id } = await response.json();
      const shown = await cli(["job", "show", id, "--json", "--url", place.url]);
      assert.deepEqual(JSON.parse(shown.stdout).payload, { to: "漢" });
    });
  });

  test("loses no signal that comes while it starts", { timeout }, async () => {
    await using place = await onSqlite.make();
    // All that is awaited here comes after the signal.
    const { stdout, exitCode } = await cliHere(["serve", "--port", "0", "--url", place.url]);
    assert.match(stdout, /^Listening at /);
    assert.equal(exitCode, 0);
  });

  test("with a token, only callers that send it are served", { timeout }, async () => {
    await using place = await onSqlite.make();
    const env = { HAMMERWORK_URL: place.url, HAMMERWORK_TOKEN: "a-secret" };
    await serving([], env, async (url) => {
      assert.equal((await fetch(`${url}/stats`)).status, 401);
      const headers = { authorization: "Bearer a-secret" };
      assert.equal((await fetch(`${url}/stats`, { headers })).status, 200);
    });
  });

  test(
    "with --page a browser that sends the token as its password sees the page",
    { timeout },
    async () => {
      await using place = await onSqlite.make();
      const env = { HAMMERWORK_URL: place.url, HAMMERWORK_TOKEN: "a-secret" };
      await serving(["--page"], env, async (url) => {
        const refused = await fetch(`${url}/page`);
        assert.equal(refused.status, 401);
        assert.match(refused.headers.get("www-authenticate")!, /^Basic /);
        const headers = { authorization: `Basic ${btoa("me:a-secret")}` };
        const page = await fetch(`${url}/page`, { headers });
        assert.equal(page.status, 200);
        assert.match(await page.text(), /<h1>Queues<\/h1>/);
      });
    },
  );

  test(
    "without a token, a host name that was pointed at this machine is refused",
    { timeout },
    async () => {
      await using place = await onSqlite.make();
      await serving(["--url", place.url], {}, async (url) => {
        const status = await new Promise((resolve, reject) =>
          get(`${url}/stats`, { headers: { host: "evil.example" } }, (response) => {
            response.resume();
            resolve(response.statusCode);
          }).on("error", reject)
        );
        assert.equal(status, 403);
      });
    },
  );

  test("answers every kind of request", { timeout }, async () => {
    await using place = await onSqlite.make();
    await serving(["--url", place.url], {}, async (url) => {
      const { hostname, port } = new URL(url);
      const asked: readonly [request: string, status: number][] = [
        [`TRACE /stats HTTP/1.1\r\nHost: ${hostname}`, 405],
        [`PROPFIND /stats HTTP/1.1\r\nHost: ${hostname}`, 405],
        [`HEAD /stats HTTP/1.1\r\nHost: ${hostname}`, 200],
        [`GET ${url}/stats HTTP/1.1\r\nHost: ${hostname}`, 200],
        [`GET /stats HTTP/1.1\r\nHost: in valid`, 400],
        [`GET /stats HTTP/1.1\r\nHost: [::1`, 400],
        [`GET //evil HTTP/1.1\r\nHost: ${hostname}`, 404],
        [`OPTIONS * HTTP/1.1\r\nHost: ${hostname}`, 400],
      ];
      for (const [request, status] of asked) {
        assert.equal(await statusOf(Number(port), hostname, request), status, request);
      }
    });
  });

  test("a port that is in use is an error of one sentence", { timeout }, async () => {
    await using place = await onSqlite.make();
    await serving(["--url", place.url], {}, async (url) => {
      const { port } = new URL(url);
      const { stderr, exitCode } = await cli(["serve", "--port", port, "--url", place.url]);
      assert.match(stderr, new RegExp(`^Cannot listen at 127\\.0\\.0\\.1:${port}: .+\n$`));
      assert.equal(exitCode, 1);
    });
  });
});

/** The status that a request is answered with, as its bytes stand: no client sends some of them. */
function statusOf(port: number, host: string, head: string): Promise<number> {
  return new Promise((resolve, reject) => {
    let answer = "";
    const socket = connect(port, host, () => {
      socket.write(`${head}\r\nConnection: close\r\n\r\n`);
    });
    socket.setEncoding("utf8").on("data", (text) => answer += text).on("error", reject);
    socket.on("close", () => resolve(Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? NaN)));
  });
}
