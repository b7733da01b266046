/** What the order workflow does and prints when all goes well. */

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { installedRuntime } from "../legs/installed.ts";
import { main, newFolder, runOrders } from "./run_order_workflow.ts";

const timeout = 60_000;

const summary = `
correlation id   jobs  status                      total
order-1001          3  completed              299.99 USD
order-1002          3  completed               74.00 USD
order-1003          3  completed              123.00 USD
order-1004          3  completed              233.60 EUR
order-1005          3  completed              101.70 USD
order-1006          3  completed               29.45 EUR
order-1007          3  1 failed, 2 cancelled  132.70 USD
    payment_queue failed: The items add up to 123.70 USD, the total says 132.70 USD
order-1008          3  completed              777.98 EUR
order-1009          3  completed               60.00 USD
order-1010          3  completed               79.40 USD
order-1011          3  completed              102.00 EUR
order-1012          3  completed              121.20 USD
import-8bde954a    11  completed
    the sample in 10 batches: 12 orders, 75 units, 1,143.03 EUR, 982.99 USD

To look one up: queue.find({ correlationId: "order-1001" })
`;

const timeline = new RegExp(
  String.raw`
Timeline of order-10\d\d in ms, trace ([0-9a-f]{32})

queue              status     attempts  +start  +wait  +run  parent
payment_queue      completed         2  +\d+  +\d+  +\d+  -
    attempt 1 failed at \d+: The payment gateway answered 503
  email_queue      completed         1  +\d+  +\d+  +\d+  after payment_queue
  inventory_queue  completed         1  +\d+  +\d+  +\d+  after payment_queue

To look it up: queue\.find\({ traceId: "\1" }\)
`,
);

test(
  "the order workflow runs its orders, and the same orders again add nothing",
  { timeout },
  async () => {
    const folder = newFolder();
    const first = await runOrders({ folder });
    assert.equal(first.stderr, "");
    assert.equal(first.exitCode, 0);
    assert.match(first.stdout, /^12 orders added from the sample\n/);
    const done = /^47 jobs done in [\d.]+ s: 44 completed, 1 failed, 2 cancelled; 3 retries$/m;
    assert.match(first.stdout, done);
    assert.match(first.stdout, timeline);
    assert.ok(first.stdout.endsWith(summary), first.stdout);
    assert.ok(!first.stdout.includes("\x1b"), "a pipe gets no escape sequences");

    const again = await runOrders({ folder, args: ["--once"] });
    const told = first.stdout.slice(first.stdout.indexOf("\nTimeline"));
    assert.equal(again.stdout, `12 orders existed already; nothing added\n${told}`);
    assert.equal(again.exitCode, 0);
  },
);

test("the handlers write a receipt and a reservation for each paid order", {
  timeout,
}, async () => {
  const folder = newFolder();
  await runOrders({ folder, args: ["--database", "shop/jobs.db"] });
  const paid = [1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12].map((n) => `order-${1000 + n}`);
  assert.deepEqual(
    readdirSync(join(folder, "shop/receipts")).sort(),
    paid.map((id) => `${id}.txt`),
  );
  assert.deepEqual(
    readdirSync(join(folder, "shop/reservations")).sort(),
    paid.map((id) => `${id}.json`),
  );
  const receipt = readFileSync(join(folder, "shop/receipts/order-1002.txt"), "utf8");
  assert.equal(
    receipt.replace(/pay_[0-9a-f]{12}/, "pay_…"),
    `To: Tomás Rivera <tomas.rivera@example.com>
Subject: Your order order-1002

Thank you, Tomás Rivera. We have received your payment pay_….

 4 x  Notebook A5, dotted    50.00 USD
10 x  Gel pen 0.5 mm, black  24.00 USD
      Total                  74.00 USD
`,
  );
  const reservation = readFileSync(join(folder, "shop/reservations/order-1002.json"), "utf8");
  assert.deepEqual(JSON.parse(reservation), { "NB-A5-DOT": 4, "PEN-GEL-05": 10 });
});

for (const runtime of ["Bun", "Deno"]) {
  const command = runtime.toLowerCase();
  const skip = !existsSync(`node_modules/.bin/${command}`) && `npm ci installed no ${runtime} here`;
  test(`the order workflow runs on ${runtime}`, { timeout, skip }, async () => {
    const { executable } = installedRuntime(runtime, command);
    const args = { Bun: [main], Deno: ["run", "--allow-all", "--no-lock", main] }[runtime] ?? [];
    // Started elsewhere, a runtime must still find the library's own configuration.
    const folder = newFolder();
    const { exitCode, stdout } = await runOrders({ folder, command: [executable, ...args] });
    assert.match(stdout, timeline);
    assert.ok(stdout.endsWith(summary), stdout);
    assert.equal(exitCode, 0);
  });
}
