/** The output in a terminal: nothing wraps, ids are short, colors only where they are wanted. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { job } from "../../mod.ts";
import { ended, makeOrders, queueOn } from "./orders.ts";
import { onSqlite } from "./places.ts";
import { cli, inTerminal, plain, printed, startInTerminal, whyNoTerminal } from "./run_cli.ts";

const timeout = 60_000;
const commands = [["job", "list"], ["job", "show", "a30003"], ["trace", "show", "440000"], [
  "queue",
  "stats",
]];

describe("the command line in a terminal", { skip: whyNoTerminal }, () => {
  test("job list shows short ids, aligned, each status in its color", { timeout }, async () => {
    await using place = await onSqlite.make();
    await makeOrders(place);
    const env = { HAMMERWORK_URL: place.url };
    const { stdout } = await inTerminal(["job", "list", "--trace-id", ended.traceId], { env });
    assert.equal(
      plain(stdout),
      `job       queue          status     attempts  created  correlation  trace
00a50005  receipt_queue  completed       1/3  1 h ago  order-12345  55440000
00a40004  ledger_queue   cancelled       0/3  1 h ago  order-12345  55440000
00a30003  invoice_queue  failed          1/1  1 h ago  order-12345  55440000
00a20002  email_queue    completed       1/3  1 h ago  order-12345  55440000
00a10001  payment_queue  completed       2/3  1 h ago  order-12345  55440000
`,
    );
    for (const painted of ["\u001b[32mcompleted", "\u001b[33mcancelled", "\u001b[31mfailed"]) {
      assert.ok(stdout.includes(painted), painted);
    }
  });

  test("trace show fits its bars into 80 and into 120 columns", { timeout }, async () => {
    await using place = await onSqlite.make();
    await makeOrders(place);
    const env = { HAMMERWORK_URL: place.url };
    const show = async (columns: number) =>
      plain((await inTerminal(["trace", "show", ended.traceId], { env, columns })).stdout);
    assert.equal(
      (await show(80)).split("\n").slice(2, 6).join("\n"),
      `payment_queue    ░░░███████↻░░░░░░███████████        completed  800 ms  00a10001
│ attempt 1 failed after 200 ms: The gateway answered 503
└ receipt_queue                   ░░░░░░░░░░░░░████  completed  500 ms  00a50005
email_queue      ░░░░░░░░░░░░░░░░░░░░░░░░░░░████     completed  900 ms  00a20002`,
    );
    const inColor = (await inTerminal(["trace", "show", ended.traceId], { env })).stdout;
    for (const name of ["payment_queue", "receipt_queue"]) {
      assert.match(inColor, new RegExp(`\u001b\\[1m\\S* ?${name}\u001b`), "On the critical path");
    }
    const wide = (await show(120)).split("\n")[2]!;
    assert.match(wide, /^payment_queue {4}░{7}█{15}↻░{14}█{23} +completed {2}800 ms {2}00a10001$/);
    assert.equal(wide.length, 120);
  });

  test(
    "nothing wraps, however narrow it is and however long what others wrote",
    { timeout },
    async () => {
      await using place = await onSqlite.make();
      await makeOrders(place);
      await using queue = queueOn(await place.open());
      const long = "é漢".repeat(60);
      const { id } = await queue.enqueue(
        job(`q${"x".repeat(100)}`, { long }, { correlationId: long, idempotencyKey: long }),
      );
      const ofLong = [
        ["trace", "show", "--correlation-id", long],
        ["job", "show", id, "--include-tracing"],
      ];
      const env = { HAMMERWORK_URL: place.url };
      for (const columns of [60, 80, 120]) {
        for (const args of [...commands, ...ofLong]) {
          const { stdout } = await inTerminal(args, { env, columns });
          for (const line of plain(stdout).split("\n")) {
            const wide = line.match(/漢/g)?.length ?? 0;
            assert.ok(line.length + wide <= columns, `${args.join(" ")} at ${columns}: ${line}`);
          }
        }
      }
    },
  );

  test(
    "there is no color under NO_COLOR, on a dumb terminal, or in a pipe",
    { timeout },
    async () => {
      await using place = await onSqlite.make();
      await makeOrders(place);
      const env = { HAMMERWORK_URL: place.url };
      for (const args of [["job", "list"], ["trace", "show", "440000"]]) {
        const colored = (await inTerminal(args, { env })).stdout;
        assert.notEqual(plain(colored), colored, args.join(" "));
        for (const without of [{ ...env, NO_COLOR: "1" }, { ...env, TERM: "dumb" }]) {
          const { stdout } = await inTerminal(args, { env: without });
          assert.equal(plain(stdout), stdout, args.join(" "));
        }
        const { stdout } = await cli(args, { env });
        assert.equal(plain(stdout), stdout, args.join(" "));
      }
    },
  );

  test("what others wrote cannot control the terminal", { timeout }, async () => {
    await using place = await onSqlite.make();
    await using queue = queueOn(await place.open());
    const steering = "\u001b[2J\u009b31m\u202e\r";
    const { id, traceId } = await queue.enqueue("email_queue", { steering });
    await queue.cancel(id, { reason: steering });
    const env = { HAMMERWORK_URL: place.url, NO_COLOR: "1" };
    for (const args of [["job", "show", id], ["trace", "show", traceId]]) {
      const { stdout } = await inTerminal(args, { env });
      // deno-lint-ignore no-control-regex
      assert.doesNotMatch(stdout, /[\u001b\u009b\u202e\r]/);
      assert.ok(stdout.includes("\\u009b31m\\u202e"), stdout);
    }
  });

  test("in 60 columns what matters is still there", { timeout }, async () => {
    await using place = await onSqlite.make();
    await makeOrders(place);
    const env = { HAMMERWORK_URL: place.url };
    const show = async (...args: string[]) =>
      plain((await inTerminal(args, { env, columns: 60 })).stdout).trimEnd().split("\n");
    assert.deepEqual((await show("job", "list", "--trace-id", ended.traceId)).slice(0, 2), [
      "job       queue          status     created  correlation",
      "00a50005  receipt_queue  completed  1 h ago  order-12345",
    ]);
    assert.deepEqual(await show("queue", "stats"), [
      "queue           waiting  ready  failed  oldest",
      "email_queue           1      0       0",
      "invoice_queue         0      0       1",
      "ledger_queue          0      0       0",
      "payment_queue         0      1       0     1 h",
      "receipt_queue         0      0       0",
      "reminder_queue        1      0       0",
    ]);
    const tree = await show("trace", "show", ended.traceId);
    assert.deepEqual(tree.slice(0, 2), [
      `trace ${ended.traceId}  order-12345`,
      "5 jobs  1 s",
    ]);
    for (
      const line of [
        "payment_queue  ░███↻░░░█████     completed  800 ms  00a10001",
        "└ receipt_qu…          ░░░░░░██  completed  500 ms  00a50005",
        "  attempt 1 failed after 100 ms: No address in the order",
        "  cancelled: Its dependency",
        `  ${ended.invoice} failed`,
      ]
    ) assert.ok(tree.includes(line), `${line} in\n${tree.join("\n")}`);
    assert.deepEqual(tree.slice(-2), [
      "░ waiting  █ running  ↻ retried  ✗ failed  ⊘ cancelled",
      "▸ unfinished",
    ]);
    const job = await show("job", "show", ended.payment, "--include-tracing");
    const at = job.findIndex((line) => line.startsWith("attempt 1"));
    assert.deepEqual(job.slice(at, at + 2), [
      "attempt 1      failed after 200 ms, started 1 h ago: Error:",
      "               The gateway answered 503",
    ]);
  });

  test("queue stats --watch writes over what it showed, until Ctrl-C", { timeout }, async () => {
    await using place = await onSqlite.make();
    await using queue = queueOn(await place.open());
    await queue.enqueue("email_queue", 1);
    const env = { HAMMERWORK_URL: place.url };
    const child = startInTerminal(["queue", "stats", "--watch", "--every", "100ms"], { env });
    const closed = new Promise((resolve) => child.once("close", resolve));
    const first = await printed(child, (text) => /email_queue +1 /.test(plain(text)));
    assert.match(plain(first), /\d\d:\d\d:\d\d {2}1 ready, 0 running, 0 a minute/);
    await queue.enqueue("email_queue", 2);
    const text = await printed(child, (text) => /email_queue +2 /.test(plain(text)));
    assert.ok(text.includes("\u001b[H"), "It goes back to the top");
    await queue.enqueue("email_queue", 3, { maxAttempts: 1 });
    await queue.worker("email_queue", ({ payload }) => {
      if (payload === 3) throw new Error("refused");
    }).tick();
    const rates = await printed(child, (text) => /a minute, /.test(plain(text)));
    assert.match(plain(rates), /0 ready, 0 running, 3 a minute, 33% failed/);
    child.stdin!.write("\u0003");
    assert.equal(await closed, 0);
  });

  test("queue stats --watch shows the busiest of many queues", { timeout }, async () => {
    await using place = await onSqlite.make();
    await using queue = queueOn(await place.open());
    await queue.enqueue(Array.from({ length: 60 }, (_, i) => job(`queue_${i}`, 1)));
    await queue.enqueue("queue_59", 2);
    const env = { HAMMERWORK_URL: place.url };
    const args = ["queue", "stats", "--watch", "--every", "100ms"];
    const child = startInTerminal(args, { env, columns: 60 });
    const closed = new Promise((resolve) => child.once("close", resolve));
    const text = await printed(child, (text) => text.includes("Press Ctrl-C"));
    child.stdin!.write("\u0003");
    assert.equal(await closed, 0);
    const lines = plain(text).split("\n").map((line) => line.trimEnd());
    assert.ok(lines.length <= 40 && lines.every(({ length }) => length <= 60), text);
    assert.ok(lines.some((line) => /^queue_59 +2 /.test(line)), text);
    assert.ok(lines.includes("and 27 queues with fewer jobs"), text);
  });
});
