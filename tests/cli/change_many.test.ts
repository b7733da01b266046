/** `job retry`, `cancel`, `reschedule` and `delete` of all jobs that match. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { job, type JobQueue } from "../../mod.ts";
import { ended, makeOrders, queueOn, waiting } from "./orders.ts";
import { bothKinds, onSqlite } from "./places.ts";
import { cli, inTerminal, plain, whyNoTerminal } from "./run_cli.ts";
import { cliHere } from "./run_here.ts";

const timeout = 60_000;

/** Jobs of one queue that have failed. */
async function failJobs(queue: JobQueue, count: number): Promise<void> {
  await queue.enqueue(
    Array.from({ length: count }, (_, i) => job("email_queue", i, { maxAttempts: 1 })),
  );
  const worker = queue.worker("email_queue", () => {
    throw new Error("refused");
  }, { concurrency: 100 });
  while ((await worker.tick()).failed > 0);
}

async function countOf(queue: JobQueue, queueName: string, status: "ready" | "failed") {
  const { queues } = await queue.stats();
  return queues.find((one) => one.queueName === queueName)?.jobs[status] ?? 0;
}

for (const { title, skip, make } of bothKinds) {
  describe(`the command line changes many jobs in ${title}`, { skip }, () => {
    test("retry counts first, and says who did it and why", { timeout }, async () => {
      await using place = await make();
      await using queue = queueOn(await place.open());
      await failJobs(queue, 3);
      const retry = (...args: string[]) =>
        cliHere(["job", "retry", "--queue", "email_queue", ...args], {
          env: { HAMMERWORK_URL: place.url, USER: "ada" },
        });
      const dry = await retry("--dry-run");
      assert.deepEqual(dry, { stdout: "3 jobs would be retried\n", stderr: "", exitCode: 0 });
      const json = await retry("--dry-run", "--json");
      assert.deepEqual(JSON.parse(json.stdout), { matching: 3, hasMore: false });
      assert.equal(await countOf(queue, "email_queue", "failed"), 3, "Nothing was changed");
      const done = await retry("--status", "failed", "--reason", "the server is back");
      assert.deepEqual(done, { stdout: "3 jobs retried\n", stderr: "", exitCode: 0 });
      const { jobs } = await queue.find({ status: "ready" });
      assert.equal(jobs.length, 3);
      for (const { operation } of jobs) {
        assert.deepEqual([operation?.name, operation?.by, operation?.reason], [
          "retry",
          "ada",
          "the server is back",
        ]);
      }
      const shown = await cliHere(["job", "show", jobs[0]!.id, "--url", place.url]);
      assert.match(
        shown.stdout,
        /^operation +retry by ada, (?:now|\d+ s ago): the server is back$/m,
      );
      const none = await retry();
      assert.deepEqual(none, {
        stdout: "",
        stderr: "No job to be retried was found\n",
        exitCode: 0,
      });
    });

    test("a retry says how many a dependency hinders, exit code 1", { timeout }, async () => {
      await using place = await make();
      await makeOrders(place);
      const url = ["--url", place.url];
      const hindered = await cliHere(["job", "retry", "--queue", "ledger_queue", ...url]);
      assert.deepEqual(hindered, {
        stdout: "0 jobs retried, 1 left as they are: a dependency of each did not complete, or " +
          "it has had all attempts\n",
        stderr: "",
        exitCode: 1,
      });
      const forced = await cliHere(["job", "retry", "--queue", "ledger_queue", "--force", ...url]);
      assert.deepEqual([forced.stdout, forced.exitCode], ["1 job retried\n", 0]);
    });

    test("cancel takes a whole business process", { timeout }, async () => {
      await using place = await make();
      await makeOrders(place);
      const args = ["job", "cancel", "--correlation-id", waiting.correlationId];
      const more = ["--by", "Bob", "--reason", "withdrawn", "--json", "--url", place.url];
      const { stdout, exitCode } = await cliHere([...args, ...more]);
      assert.deepEqual([JSON.parse(stdout), exitCode], [{ changed: 3, refused: 0 }, 0]);
      await using queue = queueOn(await place.open());
      const later = (await queue.get(waiting.later))!;
      assert.deepEqual([later.status, later.error?.message, later.operation?.by], [
        "cancelled",
        "withdrawn",
        "Bob",
      ]);
    });

    test("reschedule runs jobs now, later, or with another priority", { timeout }, async () => {
      await using place = await make();
      await makeOrders(place);
      await using queue = queueOn(await place.open());
      const url = ["--url", place.url];
      const now = await cliHere(["job", "reschedule", "b10006", "--now", ...url]);
      assert.deepEqual(now, { stdout: `${waiting.later}  ready\n`, stderr: "", exitCode: 0 });
      const at = "2100-01-01T00:00:00.000Z";
      const args = ["job", "reschedule", "--trace-id", waiting.traceId, "--at", at];
      const later = await cliHere([...args, "--priority", "7", ...url]);
      assert.equal(later.stdout, "3 jobs rescheduled\n");
      const job = (await queue.get(waiting.ready))!;
      assert.deepEqual([job.status, job.runAt.toISOString(), job.priority], ["scheduled", at, 7]);
      const over = await cliHere(["job", "reschedule", ended.email, "--delay", "2h", ...url]);
      assert.deepEqual(over, {
        stdout: `${ended.email}  unchanged: Only a job that waits can be rescheduled: this one ` +
          "is completed\n",
        stderr: "",
        exitCode: 1,
      });
    });

    test("delete removes what has ended, and nothing that is needed", { timeout }, async () => {
      await using place = await make();
      await makeOrders(place);
      await using queue = queueOn(await place.open());
      const url = ["--url", place.url];
      const one = await cliHere(["job", "delete", ended.receipt, waiting.ready, ...url]);
      assert.deepEqual(one, {
        stdout: `${ended.receipt}  deleted\n${waiting.ready}  unchanged: Only a job that has ` +
          "ended can be deleted: this one is ready\n",
        stderr: "",
        exitCode: 1,
      });
      await queue.enqueue("email_queue", 1, { dependsOn: [waiting.ready] });
      const all = await cliHere(["job", "delete", "--created-before", "1h", ...url]);
      assert.deepEqual(all, { stdout: "4 jobs deleted\n", stderr: "", exitCode: 0 });
      assert.equal((await queue.find({ traceId: ended.traceId })).jobs.length, 0);
      assert.equal((await queue.find({ traceId: waiting.traceId })).jobs.length, 3);
    });
  });
}

describe("the command line asks before it changes many jobs", () => {
  test("more than 100 need --yes where nobody can be asked", { timeout }, async () => {
    await using place = await onSqlite.make();
    await using queue = queueOn(await place.open());
    await queue.enqueue(Array.from({ length: 101 }, () => job("email_queue", 1)));
    const args = ["job", "cancel", "--queue", "email_queue", "--url", place.url];
    const refused = await cli(args);
    assert.deepEqual(refused, {
      stdout: "",
      stderr: "101 jobs would be cancelled, more than 100: --yes does it\n",
      exitCode: 2,
    });
    assert.equal(await countOf(queue, "email_queue", "ready"), 101);
    const done = await cli([...args, "--yes"]);
    assert.deepEqual(done, { stdout: "101 jobs cancelled\n", stderr: "", exitCode: 0 });
  });

  test(
    "a terminal asks, and shows how far it has come",
    { timeout, skip: whyNoTerminal },
    async () => {
      await using place = await onSqlite.make();
      await using queue = queueOn(await place.open());
      await queue.enqueue(Array.from({ length: 2_500 }, () => job("email_queue", 1)));
      const env = { HAMMERWORK_URL: place.url };
      const args = ["job", "cancel", "--queue", "email_queue"];
      const refused = await inTerminal(args, { env, input: "n\n" });
      assert.match(
        plain(refused.stdout),
        /Cancel 2,500 jobs\? \[y\/N\] .*Nothing was changed\n$/s,
      );
      assert.equal(refused.exitCode, 1);
      assert.equal(await countOf(queue, "email_queue", "ready"), 2_500);
      const done = await inTerminal(args, { env, input: "y\n" });
      assert.match(done.stdout, /1,000 of 2,500 jobs\r2,000 of 2,500 jobs\r/);
      assert.match(plain(done.stdout), /2,500 jobs cancelled\n$/);
      assert.equal(done.exitCode, 0);
    },
  );

  test("what does not go together is wrong usage", { timeout }, async () => {
    await using place = await onSqlite.make();
    const wrong: readonly (readonly [args: string, sentence: RegExp])[] = [
      [
        "job retry",
        /^hammerwork job retry needs ID, or an option that chooses jobs such as --queue$/,
      ],
      ["job cancel 123456 --queue q", /takes either ids or options .*: got an id and --queue$/],
      ["job cancel --queue q --descendants", /^--descendants is for ids only; /],
      ["job reschedule 123456", /needs --now, --delay, --at or --priority$/],
      [
        "job reschedule 123456 --now --delay 5s",
        /^A job is due at one time: got --now and --delay$/,
      ],
      [
        "job reschedule 123456 --at tomorrow",
        /^--at must be an ISO time such as .*: got "tomorrow"$/,
      ],
    ];
    for (const [line, sentence] of wrong) {
      const env = { HAMMERWORK_URL: place.url };
      const { stdout, stderr, exitCode } = await cliHere(line.split(" "), { env });
      assert.deepEqual([stdout, exitCode], ["", 2], line);
      assert.match(stderr.trimEnd(), sentence);
    }
    const mistyped = await cliHere(["job", "retry", "--queue", "q", "--dry-run"], {
      env: { HAMMERWORK_URL: place.url },
    });
    assert.deepEqual(mistyped, { stdout: "0 jobs would be retried\n", stderr: "", exitCode: 0 });
  });
});
