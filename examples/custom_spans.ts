/**
 * Spans of your own inside a handler, attributes on the spans of jobs, and a request to another
 * service that carries the trace.
 *
 *     node examples/custom_spans.ts
 *
 * It prints the header of the request, which is not sent, and each finished span: `send payment_queue`,
 * `process payment_queue` with the attributes that were added, and `charge the card` below it.
 *
 * In a project of your own, import from "hammerwork" and "hammerwork/tracing" where this imports
 * ../mod.ts and ../src/tracing.ts, and install @opentelemetry/sdk-trace.
 */
import { context, propagation, type Span, SpanStatusCode, trace } from "@opentelemetry/api";
import { JobQueue, memory } from "../mod.ts";
import { initTracing } from "../src/tracing.ts";

interface Queues {
  payment_queue: { orderId: string; amount: number };
}

const tracing = await initTracing({ serviceName: "shop", consoleExporter: true });
const tracer = trace.getTracer("shop");

const queue = new JobQueue<Queues>({
  store: memory(),
  // For every span of a job of this queue. Payloads are in no span unless you put them there.
  spanAttributes: (attributes, job) => ({ ...attributes, "shop.queue": job.queueName }),
});
const worker = queue.worker("payment_queue", async ({ payload: { orderId, amount } }, ctx) => {
  ctx.span.setAttribute("order.amount", amount); // the span of this attempt
  await tracer.startActiveSpan("charge the card", (span) => charge(span, orderId));
});

/** The caller of `startActiveSpan` ends the span, whatever happens. */
async function charge(span: Span, orderId: string): Promise<void> {
  try {
    const headers: Record<string, string> = {};
    // Instrumentation of fetch does this by itself.
    propagation.inject(context.active(), headers);
    console.log(`POST /charges for ${orderId} with traceparent ${headers.traceparent}`);
    await Promise.resolve(); // stands for: await fetch(url, { method: "POST", headers })
  } catch (error) {
    span.recordException(error as Error);
    span.setStatus({ code: SpanStatusCode.ERROR });
    throw error;
  } finally {
    span.end();
  }
}

await queue.enqueue("payment_queue", { orderId: "order-12345", amount: 299.99 });
await worker.tick();
await tracing.shutdown(); // exports the spans that are still held
