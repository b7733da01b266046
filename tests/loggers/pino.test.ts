import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { pino } from "pino";
import { job, JobQueue, logFields, memory } from "../../mod.ts";
import { initTracing } from "../../src/tracing.ts";

// pino's build for browsers, which workerd would get, has no mixin: so not among those everywhere.

type Line = Readonly<Record<string, unknown>>;

/** A real pino logger, and the lines it wrote, without what pino puts into each. */
function newLogger() {
  const written: string[] = [];
  const logger = pino(
    { base: null, timestamp: false, mixin: () => logFields() },
    { write: (line) => void written.push(line) },
  );
  return { logger, lines: () => written.map((line): Line => JSON.parse(line)) };
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe("pino", () => {
  test("writes the ids of the job whose handler logs, and none outside of it", async () => {
    const { logger, lines } = newLogger();
    const queue = new JobQueue({ store: memory() });
    logger.info("before");
    const sent = await queue.enqueue("email", {}, { correlationId: "order-1" });
    await queue.worker("email", async () => {
      await pause(2);
      logger.info({ to: "a@example.com" }, "sending");
    }).tick();
    assert.deepEqual(lines(), [
      { level: 30, msg: "before" },
      {
        level: 30,
        msg: "sending",
        to: "a@example.com",
        trace_id: sent.traceId,
        correlation_id: "order-1",
        job_id: sent.id,
        queue: "email",
      },
    ]);
  });

  test("writes the ids of interleaved jobs, each on its own lines", async () => {
    const { logger, lines } = newLogger();
    const queue = new JobQueue({ store: memory() });
    await queue.enqueue(Array.from({ length: 10 }, (_, i) => job("email", i)));
    await queue.worker("email", async ({ id, payload }) => {
      for (let i = 0; i < 3; i++) {
        await pause((Number(payload) + i) % 3);
        logger.info(id);
      }
    }).tick();
    assert.equal(lines().length, 30);
    for (const { msg, job_id } of lines()) assert.equal(job_id, msg);
  });

  test("writes the span that was active, through its child loggers too", async () => {
    const { logger, lines } = newLogger();
    const tracing = await initTracing({ env: {} });
    try {
      const queue = new JobQueue({ store: memory() });
      const sent = await queue.enqueue("email", {});
      let spanId: string | undefined;
      await queue.worker("email", (_, ctx) => {
        spanId = ctx.span.spanContext().spanId;
        logger.child({ module: "mailer" }).warn("slow");
      }).tick();
      const [{ trace_id, span_id, trace_flags, module } = {}] = lines();
      assert.deepEqual(
        [trace_id, span_id, trace_flags, module],
        [sent.traceId, spanId, "01", "mailer"],
      );
    } finally {
      await tracing.shutdown();
    }
  });
});
