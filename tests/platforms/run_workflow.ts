/** A small workflow whose spans go to a real platform: one job that fails once and enqueues a child. */

import assert from "node:assert/strict";
import { JobQueue, memory, newTraceId } from "../../mod.ts";
import { initTracing } from "../../src/tracing.ts";

/** What a platform has to show of it. */
export interface Workflow {
  readonly traceId: string;
  /** The names of its spans, sorted. */
  readonly spanNames: readonly string[];
}

/** The service in its trace. */
export const serviceName = "hammerwork-tests";

/** Runs it; everything has been sent when this is over. */
export async function runWorkflow(
  otlpEndpoint: string,
  otlpHeaders: Readonly<Record<string, string>> = {},
): Promise<Workflow> {
  const traceId = newTraceId();
  const tracing = await initTracing({ env: {}, serviceName, otlpEndpoint, otlpHeaders });
  try {
    const queue = new JobQueue({ store: memory() });
    const parent = queue.worker("platform_parent", async ({ attempts }, ctx) => {
      if (attempts === 1) throw new TypeError("the first attempt fails");
      await ctx.enqueue("platform_child", {});
    });
    const child = queue.worker("platform_child", () => "done");
    await queue.enqueue("platform_parent", {}, {
      traceId,
      backoff: { type: "fixed", delayMs: 0 },
    });
    for (let i = 0; i < 4; i++) {
      await parent.tick();
      await child.tick();
    }
  } finally {
    await tracing.shutdown();
  }
  assert.equal(tracing.droppedSpans, 0, "every span is accepted");
  return {
    traceId,
    spanNames: [
      "process platform_child",
      "process platform_parent",
      "process platform_parent",
      "send platform_child",
      "send platform_parent",
    ],
  };
}
