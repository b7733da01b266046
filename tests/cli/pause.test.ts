/** `queue pause`, `queue resume` and `queue list`. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { job } from "../../mod.ts";
import { makeOrders, queueOn } from "./orders.ts";
import { bothKinds, onSqlite } from "./places.ts";
import { cliHere } from "./run_here.ts";

const timeout = 60_000;

for (const { title, skip, make } of bothKinds) {
  describe(`the command line pauses queues in ${title}`, { skip }, () => {
    test("until they are resumed: no job starts meanwhile", { timeout }, async () => {
      await using place = await make();
      await using queue = queueOn(await place.open());
      await queue.enqueue(job("email_queue", 1));
      const run = (...args: string[]) =>
        cliHere(["queue", ...args], { env: { HAMMERWORK_URL: place.url, USER: "ada" } });
      const paused = await run("pause", "email_queue", "--reason", "the provider is down");
      assert.deepEqual(paused, {
        stdout: "email_queue is paused until resumed, by ada: the provider is down\n",
        stderr: "",
        exitCode: 0,
      });
      const worker = queue.worker("email_queue", () => {});
      assert.equal((await worker.tick()).completed, 0);
      const list = await run("list");
      assert.match(
        list.stdout,
        /^queue +waiting +ready +running +oldest +paused +by +reason\nemail_queue +0 +1 +0 +\d+ \w+ +until resumed +ada +the provider is down\n$/,
      );
      const { queues, pauses } = JSON.parse((await run("list", "--json")).stdout);
      assert.equal(queues[0].pause.by, "ada");
      assert.equal(pauses[0].queueName, "email_queue");
      assert.match((await run("stats")).stdout, /oldest +paused\nemail_queue .* until resumed\n$/);
      const resumed = await run("resume", "email_queue");
      assert.deepEqual(resumed, { stdout: "email_queue is resumed\n", stderr: "", exitCode: 0 });
      assert.equal((await worker.tick()).completed, 1);
    });

    test("for a time, and all of them", { timeout }, async () => {
      await using place = await make();
      await makeOrders(place);
      const run = (...args: string[]) =>
        cliHere(["queue", ...args], { env: { HAMMERWORK_URL: place.url } });
      const all = await run("pause", "--all", "--for", "2h", "--by", "Bob");
      assert.match(all.stdout, /^All queues are paused until \S+Z \(in (1|2) h\), by Bob\n$/);
      const still = await run("resume", "email_queue");
      assert.match(
        still.stdout,
        /^All queues are paused .*; hammerwork queue resume --all ends that\n$/,
      );
      assert.equal(still.exitCode, 1);
      assert.match((await run("list")).stdout, /^All queues are paused .*\n\nqueue /);
      assert.equal((await run("resume", "--all")).stdout, "All queues are resumed\n");
      const json = JSON.parse((await run("pause", "email_queue", "--for", "15m", "--json")).stdout);
      assert.equal(Date.parse(json.until) - Date.parse(json.since), 15 * 60_000);
    });
  });
}

describe("the command line pauses no queue by mistake", () => {
  test("a mistyped name and times that contradict are refused", { timeout }, async () => {
    await using place = await onSqlite.make();
    await makeOrders(place);
    const run = (...args: string[]) =>
      cliHere(["queue", ...args], { env: { HAMMERWORK_URL: place.url } });
    const mistyped = await run("pause", "emial_queue");
    assert.deepEqual(mistyped, {
      stdout: "",
      stderr: "emial_queue has no jobs and was not paused; did you mean email_queue? --yes " +
        "pauses it all the same\n",
      exitCode: 1,
    });
    assert.equal((await run("pause", "emial_queue", "--yes")).exitCode, 0);
    for (
      const args of [
        ["pause"],
        ["pause", "email_queue", "--all"],
        ["pause", "email_queue", "--for", "1h", "--until", "2100-01-01"],
        ["pause", "email_queue", "--until", "2000-01-01"],
        ["pause", "email queue"],
        ["resume"],
      ]
    ) assert.equal((await run(...args)).exitCode, 2, args.join(" "));
  });
});
