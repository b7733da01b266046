/** Enqueue and attempts: which spans there are, what is above them, what they link to. */

import { strict as assert } from "node:assert";
import {
  all,
  assertBelow,
  type Check,
  CONSUMER,
  ERROR,
  linked,
  newQueue,
  one,
  PRODUCER,
  spansOf,
} from "./check.ts";

export const attemptChecks: readonly Check[] = [
  {
    name: "a job is a send span and a process span under it",
    prove: async (stage) => {
      const queue = newQueue(stage);
      const sent = await queue.enqueue("mail", "a", { correlationId: "order-1" });
      await queue.worker("mail", () => {}).tick();
      const spans = await spansOf(stage, sent.traceId, 2);
      const [send, process] = [one(spans, "send mail"), one(spans, "process mail")];
      assert.deepEqual([send.kind, process.kind], [PRODUCER, CONSUMER]);
      assert.equal(sent.traceparent, `00-${send.traceId}-${send.spanId}-01`);
      assert.equal(send.parentSpanId, undefined);
      assertBelow(process, send);
      for (const span of spans) {
        assert.equal(span.attributes["messaging.message.id"], sent.id);
        assert.equal(span.attributes["messaging.message.conversation_id"], "order-1");
      }
      assert.equal((await queue.get(sent.id))!.status, "completed");
    },
  },
  {
    name: "an enqueue within an active span of the user's joins its trace below it",
    applies: ({ context }) => context !== "none",
    prove: async (stage) => {
      const queue = newQueue(stage);
      const { span, result: sent } = await stage.inSpan(
        "POST /orders",
        () => queue.enqueue("mail", "a"),
      );
      await queue.worker("mail", () => {}).tick();
      assert.equal(sent.traceId, span.traceId);
      const spans = await spansOf(stage, span.traceId, 3);
      const send = one(spans, "send mail");
      assertBelow(send, one(spans, "POST /orders"));
      assertBelow(one(spans, "process mail"), send);
    },
  },
  {
    name: "the jobs of a graph share a trace, and a dependent links to what it depended on",
    prove: async (stage) => {
      const queue = newQueue(stage);
      const payment = stage.library.job("payment", "p");
      const mail = stage.library.job("mail", "m", { dependsOn: [payment] });
      const stock = stage.library.job("stock", "s", { dependsOn: [payment, mail] });
      const [first] = await queue.enqueue([payment, mail, stock]);
      for (const name of ["payment", "mail", "stock"]) await queue.worker(name, () => {}).tick();
      const spans = await spansOf(stage, first!.traceId, 7);
      const send = one(spans, "send");
      assert.equal(send.parentSpanId, undefined);
      for (const name of ["payment", "mail", "stock"]) {
        assertBelow(one(spans, `create ${name}`), send);
        assertBelow(one(spans, `process ${name}`), one(spans, `create ${name}`));
      }
      const idOf = (name: string) => one(spans, `process ${name}`).spanId;
      const dependencies = (name: string) => linked(one(spans, `process ${name}`), "dependency");
      assert.deepEqual(dependencies("payment"), []);
      assert.deepEqual(dependencies("mail"), [idOf("payment")]);
      assert.deepEqual([...dependencies("stock")].sort(), [idOf("payment"), idOf("mail")].sort());
    },
  },
  {
    name: "a failed attempt says so, and the retry links to it",
    prove: async (stage) => {
      const queue = newQueue(stage);
      const { traceId } = await queue.enqueue("payment", "p");
      let attempts = 0;
      const worker = queue.worker("payment", () => {
        if (++attempts === 1) throw new RangeError("503 from the gateway");
      }, { backoff: { type: "fixed", delayMs: 0 } });
      while (attempts < 2) await worker.tick();
      const spans = await spansOf(stage, traceId, 3);
      const processes = all(spans, "process payment");
      const failed = processes.find((span) => span.attributes["hammerwork.job.attempt"] === 1)!;
      const retry = processes.find((span) => span.attributes["hammerwork.job.attempt"] === 2)!;
      assert.deepEqual(failed.status, { code: ERROR, message: "503 from the gateway" });
      assert.equal(failed.attributes["error.type"], "RangeError");
      assert.notEqual(retry.status.code, ERROR);
      assert.deepEqual(linked(retry, "previous_attempt"), [failed.spanId]);
      for (const span of processes) assertBelow(span, one(spans, "send payment"));
    },
  },
];
