import assert from "node:assert/strict";
import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { after, describe, test } from "node:test";
import { endOf } from "../child_output.ts";
import { until } from "../until.ts";
import { newFolder, startOrders } from "./run_order_workflow.ts";

const timeout = 60_000;

/** Starts it and waits until it serves. */
async function serving(args: readonly string[]) {
  const child = startOrders({ folder: newFolder(), args });
  let printed = "";
  child.stdout.on("data", (text: string) => printed += text);
  const ended = endOf(child);
  const isServing = () => /Serving on (\S+)\/page .*\n(.*curl .*\n)+/.test(printed);
  await Promise.race([
    (async () => {
      while (!isServing()) await once(child.stdout, "data");
    })(),
    ended.then(({ stderr }) => assert.fail(`It ended before it served: ${stderr}`)),
  ]);
  // A test that fails must not leave a server behind.
  after(() => child.kill("SIGKILL"));
  const url = /Serving on (\S+)\/page/.exec(printed)![1]!;
  const curls = [...printed.matchAll(/^ {2}curl (.*)$/gm)].map(([, line]) => line!);
  return { child, ended, url, curls };
}

describe("npm start", { timeout }, () => {
  test("serves the jobs until it is stopped, as its curl lines say", async () => {
    const { child, ended, url, curls } = await serving(["--port", "0"]);
    const addresses = curls.map((line) => /https?:[^\s"]+/.exec(line)![0]);
    assert.equal(addresses.length, 5);
    const [trace, correlation, failed] = await Promise.all(
      addresses.slice(0, 3).map(async (address) => await (await fetch(address)).json()),
    );
    assert.equal(trace.roots.length, 3);
    assert.match(correlation.correlationId, /^order-/);
    assert.equal(failed.jobs[0].status, "failed");
    const body = /-d '(.*)'$/.exec(curls.at(-1)!)![1]!;
    const posted = await fetch(addresses.at(-1)!, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body,
    });
    assert.equal(posted.status, 201);
    const { id } = await posted.json();
    await until("the posted job is completed", 4_000, async () => {
      const job = await (await fetch(`${url}/jobs/${id}`)).json();
      return job.status === "completed";
    });
    child.kill("SIGINT");
    const { exitCode, stderr } = await ended;
    assert.deepEqual([exitCode, stderr], [130, ""]);
  });

  test("shows its latest trace one click away from the address that it prints", async () => {
    const { child, ended, url } = await serving(["--port", "0"]);
    const page = await (await fetch(`${url}/page`)).text();
    const [link] = /\.\/page\/traces\/[0-9a-f]{32}/.exec(page)!;
    const trace = await fetch(new URL(link, `${url}/page`));
    assert.equal(trace.status, 200);
    assert.match(await trace.text(), /class="waterfall"/);
    child.kill("SIGINT");
    await ended;
  });

  test("says which port is taken, and how to have a free one", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const child = startOrders({ folder: newFolder(), args: ["--port", String(port)] });
    const { exitCode, stderr } = await endOf(child);
    server.close();
    assert.equal(exitCode, 1);
    assert.equal(stderr, `Port ${port} is in use; --port 0 takes a free one\n`);
  });

  test("refuses a port that is none", async () => {
    const child = startOrders({ folder: newFolder(), args: ["--port", "70000"] });
    const { exitCode, stderr } = await endOf(child);
    assert.deepEqual(
      [exitCode, stderr],
      [2, "--port must be a number from 0 to 65535: got 70000\n"],
    );
  });
});
