/** `job list`, `job show` and `trace show` on both stores, in a pipe. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { JobQueue, RetryAfterError } from "../../mod.ts";
import { ended, makeOrders, waiting } from "./orders.ts";
import { bothKinds } from "./places.ts";
import { cli } from "./run_cli.ts";
import { cliHere } from "./run_here.ts";

const timeout = 60_000;

for (const { title, skip, make } of bothKinds) {
  describe(`the command line shows ${title}`, { skip }, () => {
    test("job list: whole ids in a pipe, every filter, and a cursor", { timeout }, async () => {
      await using place = await make();
      await makeOrders(place);
      const list = (...args: string[]) => cli(["job", "list", ...args, "--url", place.url]);

      const { stdout, stderr, exitCode } = await list("--trace-id", ended.traceId);
      assert.equal(
        stdout,
        `job                                   queue          status     attempts  created  correlation  trace
${ended.receipt}  receipt_queue  completed       1/3  1 h ago  order-12345  ${ended.traceId}
${ended.ledger}  ledger_queue   cancelled       0/3  1 h ago  order-12345  ${ended.traceId}
${ended.invoice}  invoice_queue  failed          1/1  1 h ago  order-12345  ${ended.traceId}
${ended.email}  email_queue    completed       1/3  1 h ago  order-12345  ${ended.traceId}
${ended.payment}  payment_queue  completed       2/3  1 h ago  order-12345  ${ended.traceId}
`,
      );
      assert.deepEqual([stderr, exitCode], ["", 0]);

      const idsOf = async (...args: string[]) => {
        const { jobs } = JSON.parse((await list(...args, "--json")).stdout);
        return jobs.map(({ id }: { id: string }) => id);
      };
      assert.deepEqual(await idsOf("--status", "failed,cancelled"), [ended.ledger, ended.invoice]);
      assert.deepEqual(await idsOf("--queue", "reminder_queue"), [waiting.later]);
      assert.deepEqual(await idsOf("--parent", ended.payment.slice(-6)), [ended.receipt]);
      assert.equal((await idsOf("--created-from", "2h")).length, 8);
      assert.deepEqual(await idsOf("--created-from", "1h"), []);
      assert.deepEqual(await idsOf("--created-before", "2020-01-01"), []);

      const first = await list("--limit", "2");
      const [, cursor] = /^There are older jobs: --cursor (\d+) lists them\n$/.exec(first.stderr) ??
        [];
      assert.ok(cursor, first.stderr);
      assert.deepEqual(await idsOf("--limit", "1", "--cursor", cursor), [waiting.later]);

      const mistyped = await list("--queue", "emial_queue");
      assert.equal(mistyped.stderr, "No job found; did you mean --queue email_queue?\n");
      const other = await list("--queue", "email_queue", "--correlation-id", "order-0");
      assert.equal(other.stderr, "No job found\n", "The queue has jobs");

      const none = await list("--correlation-id", "order-0");
      assert.deepEqual(none, { stdout: "", stderr: "No job found\n", exitCode: 0 });
    });

    test("job show: how often in a row a job was released", { timeout }, async () => {
      await using place = await make();
      await using queue = new JobQueue({ store: await place.open() });
      const { id } = await queue.enqueue("calls", 1);
      const status = async () =>
        /^status +(.*)$/m.exec((await cli(["job", "show", id, "--url", place.url])).stdout)?.[1];
      assert.equal(await status(), "ready, 0 of 3 attempts");
      for (const times of ["once", "2 times in a row"]) {
        const worker = queue.worker("calls", async () => {
          void worker.stop({ timeoutMs: 0 });
          await new Promise(() => {});
        });
        assert.equal((await worker.tick()).released, 1);
        assert.equal(await status(), `ready, 0 of 3 attempts, released ${times}`);
      }
      const { stdout } = await cli(["job", "show", id, "--json", "--url", place.url]);
      assert.equal(JSON.parse(stdout).releases, 2);
    });

    test("job show: how often in a row a job was snoozed", { timeout }, async () => {
      await using place = await make();
      await using queue = new JobQueue({ store: await place.open() });
      const { id } = await queue.enqueue("calls", 1);
      const worker = queue.worker("calls", ({ snoozes }) => {
        throw new RetryAfterError({ delayMs: snoozes === 0 ? 0 : 60_000 });
      });
      assert.equal((await worker.tick()).snoozed, 2);
      const { stdout } = await cli(["job", "show", id, "--url", place.url]);
      assert.match(stdout, /^status +scheduled, 0 of 3 attempts, snoozed 2 times in a row$/m);
      assert.match(stdout, /^due +/m);
    });

    test("job show: where an error was thrown, and what caused it", { timeout }, async () => {
      await using place = await make();
      await using queue = new JobQueue({ store: await place.open() });
      const { id } = await queue.enqueue("calls", 1, { maxAttempts: 1 });
      await queue.worker("calls", () => {
        throw new TypeError("fetch failed", { cause: new Error("connect ECONNREFUSED") });
      }).tick();
      const { stdout } = await cli(["job", "show", id, "--url", place.url]);
      assert.match(stdout, /^error +TypeError: fetch failed\n +at .*lookup\.test/m);
      assert.match(stdout, /^ +Caused by: Error: connect ECONNREFUSED\n +at .*lookup\.test/m);
    });

    test("job show: by the end of an id, with and without its tracing", { timeout }, async () => {
      await using place = await make();
      await makeOrders(place);
      const show = (...args: string[]) => cli(["job", "show", ...args, "--url", place.url]);

      const { stdout } = await show(ended.payment.slice(-6), "--include-tracing");
      const withoutTimes = stdout.replaceAll(/\d{4}-[\d-]+T[\d:.]+Z/g, "TIME");
      assert.equal(
        withoutTimes,
        `job            ${ended.payment}
queue          payment_queue
status         completed, 2 of 3 attempts
created        TIME (1 h ago)
due            TIME (1 h ago)
started        TIME (1 h ago)
ended          TIME (1 h ago)
ran            300 ms
trace          ${ended.traceId}
correlation    order-12345
propagation    child
payload        {"queue":"payment_queue"}
result         {"paid":true}
attempt 1      failed after 200 ms, started 1 h ago: Error: The gateway answered 503
attempt 2      completed after 300 ms, started 1 h ago
`,
      );
      assert.doesNotMatch((await show(ended.payment)).stdout, new RegExp(ended.traceId));
      const job = JSON.parse((await show(ended.invoice.toUpperCase(), "--json")).stdout);
      assert.equal(job.attemptHistory[0].error.message, "No address\nin the order");
      assert.ok(Math.abs(Date.parse(job.createdAt) + 90 * 60_000 - Date.now()) < 60_000);

      const nobody = "01890a5d-ac96-7742-8000-00000000dead";
      assert.deepEqual(await show(nobody), {
        stdout: "",
        stderr: `There is no job ${nobody}\n`,
        exitCode: 1,
      });
      const missing = await show("00dead");
      assert.equal(missing.stderr, "No job has a job id that ends in 00dead\n");
      assert.equal(missing.exitCode, 1);
    });

    test(
      "trace show: a retry, a failure, a child, a cancelled dependent",
      { timeout },
      async () => {
        await using place = await make();
        await makeOrders(place);
        const show = (...args: string[]) => cli(["trace", "show", ...args, "--url", place.url]);

        const tree = `trace ${ended.traceId}  order-12345  5 jobs  1 s

payment_queue    ░░░███████↻░░░░░░███████████        completed  800 ms  ${ended.payment}
│ attempt 1 failed after 200 ms: The gateway answered 503
└ receipt_queue                   ░░░░░░░░░░░░░████  completed  500 ms  ${ended.receipt}
email_queue      ░░░░░░░░░░░░░░░░░░░░░░░░░░░████     completed  900 ms  ${ended.email}
invoice_queue    ░░░░░░░░░░███✗                      failed     400 ms  ${ended.invoice}
  attempt 1 failed after 100 ms: No address in the order
ledger_queue     ░░░░░░░░░░░░░⊘                      cancelled  400 ms  ${ended.ledger}
  cancelled: Its dependency ${ended.invoice} failed
                 0                              1 s

Critical path: payment_queue → receipt_queue: 400 ms of 1 s waiting for a worker of receipt_queue, 200 ms running payment_queue

░ waiting  █ running  ↻ retried  ✗ failed  ⊘ cancelled  ▸ unfinished
`;
        const keys = [
          [ended.traceId],
          ["440000"],
          ["--correlation-id", "order-12345"],
          ["order-12345"],
        ];
        for (const args of keys) {
          assert.deepEqual(await show(...args), { stdout: tree, stderr: "", exitCode: 0 });
        }
        const json = JSON.parse((await show(ended.traceId, "--json")).stdout);
        assert.equal(json.roots[0].job.payload, undefined);
        assert.ok(json.roots[0].job.payloadBytes > 0);
        const whole = await show(ended.traceId, "--json", "--include", "payload,result");
        assert.notEqual(JSON.parse(whole.stdout).roots[0].job.payload, undefined);
        assert.deepEqual([json.traceId, json.jobs, json.roots.length], [
          ended.traceId,
          undefined,
          4,
        ]);
        assert.equal(json.roots[0].children[0].job.id, ended.receipt);
        assert.deepEqual(
          json.roots[0].attempts.map(({ outcome }: { outcome: string }) => outcome),
          ["failed", "completed"],
        );
        const none = await show("ffffffffffffffffffffffffffffffff");
        assert.equal(
          none.stderr,
          "No job has the trace id ffffffffffffffffffffffffffffffff, or the correlation id " +
            '"ffffffffffffffffffffffffffffffff"\n',
        );
        assert.equal(none.exitCode, 1);
      },
    );

    test(
      "trace show takes what is no trace id for a correlation id, in whatever form it is",
      { timeout },
      async () => {
        await using place = await make();
        await using queue = new JobQueue({ store: await place.open() });
        const correlationIds = [
          "4711",
          "20261127",
          "550e8400-e29b-41d4-a716-446655440000",
          "Order Ä 1",
        ];
        for (const correlationId of correlationIds) {
          await queue.enqueue("orders", 1, { correlationId });
          const args = ["trace", "show", correlationId, "--json", "--url", place.url];
          const tree = JSON.parse((await cliHere(args)).stdout);
          assert.deepEqual([tree.correlationId, tree.traceId], [correlationId, undefined]);
          assert.equal(tree.roots[0].job.correlationId, correlationId);
        }
        const show = (id: string) => cliHere(["trace", "show", id, "--url", place.url]);
        const end = await show("00dead");
        assert.equal(
          end.stderr,
          'No job has a trace id that ends in 00dead, or the correlation id "00dead"\n',
        );
        const short = await show("dead");
        assert.equal(
          short.stderr,
          'No job has the correlation id "dead"; a trace id must be complete, or at least its ' +
            "last 6 hex digits\n",
        );
        assert.deepEqual([end.exitCode, short.exitCode], [1, 1]);
      },
    );

    test("trace show: jobs that wait end open", { timeout }, async () => {
      await using place = await make();
      await makeOrders(place);
      const { stdout } = await cli(["trace", "show", waiting.traceId, "--url", place.url]);
      const bar = `${"░".repeat(34)}▸`;
      assert.equal(
        stdout,
        `trace ${waiting.traceId}  order-777  3 jobs  1 h

reminder_queue  ${bar}  scheduled     1 h  ${waiting.later}
email_queue     ${bar}  blocked       1 h  ${waiting.blocked}
  waiting for ${waiting.later}
payment_queue   ${bar}  ready         1 h  ${waiting.ready}
                0${"1 h".padStart(34)}

Critical path: 1 h of 1 h waiting for the due time of reminder_queue

░ waiting  █ running  ↻ retried  ✗ failed  ⊘ cancelled  ▸ unfinished
`,
      );
    });
  });
}
