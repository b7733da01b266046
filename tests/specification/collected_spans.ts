/** Tracing for the tests of one file, whose spans leave as they do with a user: to a collector. */

import { after, before } from "node:test";
import { initTracing, type Tracing } from "../../src/tracing.ts";
import { type OpenCollector, openCollector, type OtlpSpan } from "../runtimes/collector.ts";

/** Sets it up before the tests of a suite and ends it after them; gives the spans of a trace. */
export function collectSpans(): (traceId: string) => Promise<readonly OtlpSpan[]> {
  let collector: OpenCollector;
  let tracing: Tracing;
  before(async () => {
    collector = await openCollector();
    tracing = await initTracing({ env: {}, otlpEndpoint: collector.endpoint });
  });
  after(() => tracing.shutdown());
  return async (traceId) => {
    await tracing.forceFlush();
    return await collector.spansOf(traceId);
  };
}
