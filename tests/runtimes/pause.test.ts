import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { JobQueue, memory, type Store } from "../../mod.ts";
import { operate } from "../../src/operate.ts";
import type { Notice } from "../../src/store.ts";
import { manualClock } from "../conformance/manual_clock.ts";
import { jobInput } from "../conformance/inputs.ts";

describe("an operator who pauses queues", () => {
  test("says until when, why and who, and sees it in pauses and stats", async () => {
    const clock = manualClock();
    const queue = new JobQueue({ store: memory({ now: clock.now }) });
    const { pause, pauses } = operate(queue);
    await queue.enqueue("email_queue", {});
    const since = new Date(clock.now());
    const until = new Date(clock.now() + 60_000);
    const email = { since, until, reason: "The provider is down", by: "ada" };
    const { since: _, ...options } = email;
    assert.deepEqual(await pause("email_queue", options), { queueName: "email_queue", ...email });
    const all = { since, until: undefined, reason: undefined, by: undefined };
    await pause("idle_queue");
    assert.deepEqual(await pauses(), [
      { queueName: "email_queue", ...email },
      { queueName: "idle_queue", ...all },
    ]);
    const ofStats = async () =>
      (await queue.stats()).queues.map(({ queueName, pause }) => [queueName, pause]);
    assert.deepEqual(await ofStats(), [["email_queue", email], ["idle_queue", all]]);
    await pause("*", { forMs: 120_000 });
    const longer = { ...all, until: new Date(clock.now() + 120_000) };
    assert.deepEqual(await ofStats(), [["email_queue", longer], ["idle_queue", all]]);
    assert.deepEqual((await pauses())[0], { queueName: "*", ...longer });
    clock.pass(120_000);
    assert.deepEqual(await ofStats(), [["email_queue", undefined], ["idle_queue", all]]);
  });

  test("is told by what a queue is paused that was resumed", async () => {
    const queue = new JobQueue({ store: memory() });
    const { pause, resume, pauses } = operate(queue);
    await pause("*", { reason: "A release" });
    await pause("email_queue");
    assert.equal((await resume("email_queue"))?.reason, "A release");
    assert.equal(await resume("*"), undefined);
    assert.deepEqual(await pauses(), []);
    assert.equal(await resume("email_queue"), undefined);
  });

  test("is refused what is no pause", async () => {
    const { pause, resume } = operate(new JobQueue({ store: memory() }));
    const refusals: readonly (readonly [call: Promise<unknown>, said: RegExp])[] = [
      [pause("no name!"), /queue name/],
      [resume(""), /queue name/],
      [pause("q", { forMs: 0 }), /^forMs must be a whole number from 1 to 31536000000: got 0$/],
      [pause("q", { forMs: 1, until: new Date() }), /^A pause can have forMs or until: got both$/],
      [pause("q", { until: new Date(0) }), /^until must be a time to come: got one before$/],
      [pause("q", { until: "today" as never }), /^until must be a Date from 1970 to 9999/],
      [pause("q", { reason: "x".repeat(10_001) }), /^The length of reason/],
      [pause("q", { by: 5 as never }), /^by must be/],
      [pause("q", { by: "" }), /^The length of by/],
    ];
    for (const [call, said] of refusals) {
      await assert.rejects(call, (error: Error) => {
        assert.match(error.message, said);
        return error instanceof TypeError || error instanceof RangeError;
      });
    }
  });

  test("reaches a worker that only hears that it may have missed something", async () => {
    const clock = manualClock();
    const store = memory({ now: clock.now });
    await store.add(Array.from({ length: 3 }, () => jobInput()));
    const claims = [{ queueName: "orders", limit: 3, leaseMs: 1 }];
    await store.settleAndClaim({ settlements: [], claims });
    clock.pass(2);
    // Whether they had begun is not known: so they begin one after another.
    await store.maintain({ retentionMs: 1_000, limit: 10 });
    const listeners = new Set<(notice: Notice) => void>();
    const deaf: Store = new Proxy(store, {
      get(_, name) {
        if (name === "onNotice") {
          return (listener: (notice: Notice) => void) => {
            listeners.add(listener);
            return () => listeners.delete(listener);
          };
        }
        const value = Reflect.get(store, name) as unknown;
        return typeof value === "function" ? value.bind(store) : value;
      },
    });
    const worker = new JobQueue({ store: deaf }).worker("orders", async () => {
      await store.configure({ queueName: "orders", pause: {} });
      for (const listener of listeners) listener({ type: "missed" });
    });
    const { completed, released } = await worker.tick();
    assert.deepEqual([completed, released], [1, 2]);
  });
});
