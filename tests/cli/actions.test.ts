/** The commands that change a store, and the counts. */

import assert from "node:assert/strict";
import { join } from "node:path";
import process from "node:process";
import { describe, test } from "node:test";
import { temporaryFolder } from "../sqlite/workers/temporary_folder.ts";
import { ended, makeOrders, queueOn, waiting } from "./orders.ts";
import { bothKinds, onSqlite } from "./places.ts";
import { endOf } from "../child_output.ts";
import { cli, printed, startCli } from "./run_cli.ts";

const timeout = 60_000;

for (const { title, skip, make } of bothKinds) {
  describe(`the command line changes ${title}`, { skip }, () => {
    test("job enqueue stores a job with its options, once for a key", { timeout }, async () => {
      await using place = await make();
      const enqueue = (...args: string[]) =>
        cli(["job", "enqueue", ...args, "--url", place.url, "--json"]);
      const first = JSON.parse((await enqueue("first_queue", "1")).stdout);
      const { stdout, exitCode } = await enqueue(
        ...["email_queue", '{"to":"a@example.com"}'],
        ...["--trace-id", "550e8400-e29b-41d4-a716-446655440000"],
        ...["--correlation-id", "order-1", "--priority", "-5", "--delay", "15m"],
        ...["--max-attempts", "7", "--timeout", "30s", "--idempotency-key", "k"],
        ...["--depends-on", first.id.slice(-8), "--on-dependency-failure", "run"],
      );
      const stored = JSON.parse(stdout);
      assert.equal(exitCode, 0);
      await using queue = queueOn(await place.open());
      const job = (await queue.get(stored.id))!;
      assert.deepEqual(job.payload, { to: "a@example.com" });
      assert.deepEqual(
        [job.traceId, job.correlationId, job.priority, job.maxAttempts, job.timeoutMs],
        ["550e8400e29b41d4a716446655440000", "order-1", -5, 7, 30_000],
      );
      assert.deepEqual(job.dependsOn, [first.id]);
      assert.equal(job.onDependencyFailure, "run");
      assert.equal(job.runAt.getTime() - job.createdAt.getTime(), 900_000);
      const again = JSON.parse(
        (await enqueue("email_queue", "2", "--idempotency-key", "k")).stdout,
      );
      assert.deepEqual([again.id, again.deduplicated], [stored.id, true]);
      const mistyped = await enqueue("emial_queue", "1");
      assert.deepEqual([mistyped.stderr, mistyped.exitCode], [
        "emial_queue had no jobs before; did you mean email_queue?\n",
        0,
      ]);
      assert.equal((await enqueue("emial_queue", "2")).stderr, "", "It has jobs by now");
      const text = await cli(["job", "enqueue", "q", "null", "--url", place.url]);
      assert.match(text.stdout, /^[0-9a-f-]{36} {2}ready {2}trace [0-9a-f]{32}\n$/);
    });

    test(
      "job enqueue of 10,000 lines stops at an invalid one, and continues from there",
      { timeout },
      async () => {
        await using place = await make();
        const lines = Array.from({ length: 10_000 }, (_, i) => `{"n":${i + 1}}`);
        const enqueue = (input: string, ...args: string[]) =>
          cli(
            [
              "job",
              "enqueue",
              "bulk",
              "-",
              "--idempotency-key",
              "june",
              "--url",
              place.url,
              ...args,
            ],
            { input },
          );
        const broken = await enqueue(
          [...lines.slice(0, 6_700), '{"n":', ...lines.slice(6_701)].join("\n"),
        );
        assert.deepEqual(broken, {
          stdout: "",
          stderr:
            'Line 6701 is not a payload: JSON was expected: got "{\\"n\\":"; the 6,700 jobs ' +
            "before it were stored, continue with line 6701\n",
          exitCode: 1,
        });
        await using queue = queueOn(await place.open());
        assert.equal((await queue.store.counts())[0]!.count, 6_700);
        const whole = await enqueue(lines.join("\r\n") + "\n");
        assert.equal(whole.stdout, "10,000 jobs stored in bulk, 6,700 of them existed already\n");
        assert.equal((await queue.store.counts())[0]!.count, 10_000);
        const few = await enqueue("\n1\n\n2", "--json");
        const told = few.stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
        assert.deepEqual(told.map(({ line, deduplicated }) => [line, deduplicated]), [
          [2, true],
          [4, true],
        ]);
      },
    );

    test(
      "job enqueue refuses input that is not UTF-8, and stores none of it",
      { timeout },
      async () => {
        await using place = await make();
        const input = new TextEncoder().encode('"a"\n"?"\n');
        input[5] = 0xff;
        const args = ["job", "enqueue", "bulk", "-", "--url", place.url];
        assert.deepEqual(await cli(args, { input }), {
          stdout: "",
          stderr: "Standard input must be UTF-8: got something else; nothing was stored\n",
          exitCode: 1,
        });
      },
    );

    test(
      "job retry and job cancel do what they can, and say what they cannot",
      { timeout },
      async () => {
        await using place = await make();
        await makeOrders(place);
        const url = ["--url", place.url];
        const retried = await cli(["job", "retry", "a30003", ended.payment, ...url]);
        assert.equal(
          retried.stdout,
          `${ended.invoice}  ready\n${ended.payment}  unchanged: Only a failed or cancelled job can be retried: this one is completed\n`,
        );
        assert.equal(retried.exitCode, 1);
        const cancelled = await cli(["job", "cancel", "b10006", "--reason", "withdrawn", ...url]);
        assert.deepEqual(cancelled, {
          stdout: `${waiting.later}  cancelled\n`,
          stderr: "",
          exitCode: 0,
        });
        await using queue = queueOn(await place.open());
        assert.equal((await queue.get(waiting.later))!.error!.message, "withdrawn");
        assert.equal((await queue.get(waiting.blocked))!.status, "cancelled");
        const json = await cli(["job", "cancel", waiting.later, ...url, "--json"]);
        assert.deepEqual(JSON.parse(json.stdout), {
          jobs: [{
            id: waiting.later,
            changed: false,
            status: "cancelled",
            reason: "Only a job that has not ended can be cancelled: this one is cancelled",
          }],
        });
        assert.equal(json.exitCode, 1);
        const refused = await cli(["job", "retry", waiting.blocked, ...url]);
        assert.equal(
          refused.stdout,
          `${waiting.blocked}  unchanged: Its dependency ${waiting.later} was cancelled; retry that ` +
            "one first, or force runs the job all the same\n",
        );
        const forced = await cli(["job", "retry", waiting.blocked, "--force", ...url]);
        assert.deepEqual([forced.stdout, forced.exitCode], [`${waiting.blocked}  ready\n`, 0]);
        await cli(["job", "cancel", waiting.blocked, ...url]);
        await cli(["job", "retry", waiting.later, "--no-dependents", ...url]);
        assert.equal((await queue.get(waiting.blocked))!.status, "cancelled");
        const part = await queue.enqueue("parts", 1, { parent: waiting.later });
        const tree = await cli(["job", "cancel", waiting.later, "--descendants", ...url]);
        assert.equal(tree.stdout, `${waiting.later}  cancelled, and 1 descendant\n`);
        assert.equal((await queue.get(part.id))!.status, "cancelled");
        const one = await cli(["job", "cancel", waiting.ready, "00dead", ...url]);
        assert.equal(one.exitCode, 1);
        assert.equal((await queue.get(waiting.ready))!.status, "ready", "Nothing was changed");
      },
    );

    test("queue stats counts by status", { timeout }, async () => {
      await using place = await make();
      await makeOrders(place);
      const { stdout } = await cli(["queue", "stats", "--url", place.url]);
      assert.equal(
        stdout,
        `queue           scheduled  blocked  ready  completed  failed  cancelled  oldest
email_queue             0        1      0          1       0          0
invoice_queue           0        0      0          0       1          0
ledger_queue            0        0      0          0       0          1
payment_queue           0        0      1          1       0          0     1 h
receipt_queue           0        0      0          1       0          0
reminder_queue          1        0      0          0       0          0
`,
      );
      const json = JSON.parse((await cli(["queue", "stats", "--json", "--url", place.url])).stdout);
      assert.equal(json.queues.length, 6);
      assert.equal(json.queues[3].jobs.ready, 1);
      assert.ok(json.queues[3].oldestReadyMs > 5_000_000);
    });

    test("migrate can be repeated", { timeout }, async () => {
      await using place = await make();
      const { stdout, exitCode } = await cli(["migrate", "--url", place.url]);
      assert.deepEqual([stdout, exitCode], ["The schema is up to date\n", 0]);
    });
  });
}

describe("the command line changes", () => {
  test("migrate makes a file, and --print prints the SQL without one", { timeout }, async () => {
    using folder = temporaryFolder();
    const url = join(folder.path, "new.db");
    const printed = await cli(["migrate", "--print", "--url", url]);
    assert.match(printed.stdout, /create table hammerwork_jobs/);
    assert.equal((await cli(["job", "list", "--url", url])).exitCode, 1, "It was not made");
    assert.equal((await cli(["migrate", "--url", url, "--json"])).stdout, '{"migrated":true}\n');
    assert.equal((await cli(["job", "list", "--url", url])).exitCode, 0);
    const postgres = "postgres://me:hunter2@nowhere/shop";
    const sql = await cli(["migrate", "--print", "--url", postgres, "--schema", "jobs"]);
    assert.match(sql.stdout, /create table "?jobs"?\.enqueued/);
    assert.doesNotMatch(sql.stdout, /hunter2/);
  });

  test(
    "queue stats --watch --json shows changes with rates, and ends well on SIGINT",
    { timeout },
    async () => {
      await using place = await onSqlite.make();
      await using queue = queueOn(await place.open());
      const args = ["queue", "stats", "--watch", "--every", "100ms", "--json", "--url", place.url];
      const child = startCli(args);
      const end = endOf(child);
      await printed(child, (text) => text.includes('"queues":[]}\n'));
      await queue.enqueue("email_queue", 1);
      await queue.enqueue("email_queue", 2, { maxAttempts: 1 });
      await printed(child, (text) => text.includes('"ready":2'));
      await queue.worker("email_queue", ({ payload }) => {
        if (payload === 2) throw new Error("refused");
      }).tick();
      const text = await printed(child, (text) => /"failed":1.*\n$/.test(text));
      process.kill(child.pid!, "SIGINT");
      const reading = JSON.parse(text.trimEnd().split("\n").at(-1)!);
      const [{ ended, endedPerMinute, failureRate, growthPerMinute }] = reading.queues;
      assert.deepEqual(ended, { completed: 1, failed: 1, cancelled: 0 });
      assert.deepEqual([endedPerMinute, failureRate, growthPerMinute], [2, 0.5, 0]);
      assert.ok(Math.abs(Date.parse(reading.at) - Date.now()) < timeout);
      const { exitCode, stderr } = await end;
      assert.deepEqual([exitCode, stderr], [0, ""]);
    },
  );

  test("queue stats --watch prints a line for each queue in a pipe", { timeout }, async () => {
    await using place = await onSqlite.make();
    await using queue = queueOn(await place.open());
    await queue.enqueue("email_queue", 1);
    await queue.enqueue("report_queue", 1, { delayMs: 3_600_000 });
    const child = startCli(["queue", "stats", "--watch", "--every", "100ms", "--url", place.url]);
    const end = endOf(child);
    const text = await printed(child, (text) => text.split("\n").length > 4);
    process.kill(child.pid!, "SIGINT");
    const [first, second] = text.split("\n");
    assert.match(
      first!,
      /^\d{4}-[\d-]+T[\d:.]+Z {2}email_queue {2}waiting 0 {2}ready 1 {2}running 0 {2}completed 0 {2}failed 0 {2}cancelled 0 {2}oldest \d+ \w+ {2}per min 0 {2}failing - {2}growth - {2}paused -$/,
    );
    assert.match(second!, /Z {2}report_queue {2}waiting 1 .* oldest - {2}per min 0 /);
    assert.deepEqual((await end).exitCode, 0);
  });
});
