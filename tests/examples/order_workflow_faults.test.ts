/** What the order workflow prints when something is wrong. */

import assert from "node:assert/strict";
import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { endOf } from "../child_output.ts";
import { sampleOrders } from "../../examples/order_workflow/orders/sample.ts";
import { newFolder, runOrders, startOrders } from "./run_order_workflow.ts";

const timeout = 60_000;

test("a line that is not an order is reported by its number, and the rest is processed", {
  timeout,
}, async () => {
  const [good = "", other = ""] = sampleOrders.split("\n");
  const lines = [
    good,
    "",
    "not json",
    JSON.stringify({ ...JSON.parse(good), id: "../order" }),
    JSON.stringify({ id: "order-1" }),
    other.replace('"quantity":4', '"quantity":0'),
    other,
  ];
  const { exitCode, stdout, stderr } = await runOrders(
    { folder: newFolder(), args: ["-", "--once"] },
    lines.join("\r\n"),
  );
  assert.equal(
    stderr,
    `line 3: expected a JSON object: got not json
line 4: expected id to be 1 to 100 letters, digits or _ . -: got "../order"
line 5: expected customer to be an object: got nothing
line 6: expected items[0].quantity to be a whole number from 1 to 10000: got 0
`,
  );
  assert.match(stdout, /^2 orders added from standard input; 4 lines were refused\n/);
  assert.match(stdout, /^9 jobs done in [\d.]+ s: 9 completed, 0 failed, 0 cancelled; /m);
  assert.match(stdout, /^ {4}standard input in 2 batches: 2 orders, 15 units, 373\.99 USD$/m);
  assert.equal(exitCode, 0);
});

const refused = [
  {
    what: "an unknown option",
    args: ["--frobnicate"],
    stderr: "There is no option --frobnicate; --help lists the options\n",
    exitCode: 2,
  },
  {
    what: "an option without its value",
    args: ["--database"],
    stderr: "--database needs a value, such as --database orders.db\n",
    exitCode: 2,
  },
  {
    what: "two files",
    args: ["a.ndjson", "b.ndjson"],
    stderr: "One file of orders is expected: got a.ndjson and b.ndjson\n",
    exitCode: 2,
  },
  {
    what: "a missing file",
    args: ["none.ndjson"],
    stderr: "none.ndjson cannot be read: there is no such file\n",
    exitCode: 1,
  },
  {
    what: "a folder in place of a file",
    args: ["."],
    stderr: ". cannot be read: it is a folder\n",
    exitCode: 1,
  },
  {
    what: "a database that is none",
    args: ["--database", "notes.txt"],
    stderr: "The SQLite file notes.txt is no SQLite database, or is damaged\n",
    exitCode: 1,
  },
];

for (const { what, args, ...expected } of refused) {
  test(`${what} is refused in one sentence`, { timeout }, async () => {
    const folder = newFolder();
    writeFileSync(join(folder, "notes.txt"), "Milk, bread, and a few more things to buy\n");
    assert.deepEqual(await runOrders({ folder, args }), { stdout: "", ...expected });
    assert.ok(!existsSync(join(folder, ".orders")), "nothing is left behind");
  });
}

test("an interrupted run keeps its jobs, and the next one continues", { timeout }, async () => {
  const folder = newFolder();
  const child = startOrders({ folder, args: ["-"] });
  const end = endOf(child);
  // Standing input: only the signal ends it.
  child.stdin.write(sampleOrders);
  while (!existsSync(join(folder, ".orders/receipts/order-1001.txt"))) await sleep(10);
  child.kill("SIGINT");
  const { exitCode, stdout, stderr } = await end;
  assert.equal(stderr, "");
  assert.match(stdout, /^Stopped with \d+ jobs? left; the same command continues with them$/m);
  assert.equal(exitCode, 130);

  const next = await runOrders({ folder });
  const added = /^(\d+ orders? added from the sample|12 orders existed already)/;
  assert.match(next.stdout, added);
  assert.equal(next.stdout.match(/^order-10\d\d +3 {2}completed /gm)?.length, 11);
  assert.match(next.stdout, /^order-1007 +3 {2}1 failed, 2 cancelled /m);
  assert.equal(next.exitCode, 0);
});

test("an old Node starts a runtime that npm ci installed", { timeout }, async () => {
  const oldNode = newFolder();
  writeFileSync(join(oldNode, "node"), "#!/bin/sh\necho v20.20.2\n");
  chmodSync(join(oldNode, "node"), 0o755);
  const start = { folder: newFolder(), args: ["--help"], environment: { PATH: oldNode } };
  const { exitCode, stdout, stderr } = await runOrders(start);
  const sentence =
    /^Node 20\.20\.2 has no node:sqlite; running on (Node|Bun|Deno) [\d.]+, which npm ci installed\n$/;
  assert.match(stderr, sentence);
  assert.match(stdout, /^Runs orders through a job queue/);
  assert.equal(exitCode, 0);
});

test("without any runtime there is one sentence", { timeout }, async () => {
  const folder = newFolder();
  writeFileSync(join(folder, "start.mjs"), readFileSync("examples/start.js"));
  const command = [process.execPath, join(folder, "start.mjs")];
  assert.deepEqual(await runOrders({ folder, command, environment: { PATH: folder } }), {
    exitCode: 1,
    stdout: "",
    stderr: "There is no node on PATH outside node_modules, " +
      "and npm ci installed no runtime that can run the example instead\n",
  });
});
