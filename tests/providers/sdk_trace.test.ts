/** `@opentelemetry/sdk-trace`: as `initTracing` sets it up, and as a user does by hand. */

import { context, propagation, trace } from "@opentelemetry/api";
import { AlwaysOnSampler, ParentBasedSampler, TracerProvider } from "@opentelemetry/sdk-trace";
import * as library from "../../mod.ts";
import { initTracing } from "../../src/tracing.ts";
import { openCollector } from "../everywhere/collector.ts";
import { AsyncContextManager } from "./async_context_manager.ts";
import { newSpanKeeper, newTellingSampler } from "./kept.ts";
import { proveAll } from "./prove_all.ts";
import { enqueueEarly } from "./stage.ts";
import { unregister, userOf } from "./user.ts";

const api = { trace, context, propagation };

proveAll("initTracing", {
  isOurs: true,
  keepsContext: true,
  tellsSampling: false,
  isBuiltIn: false,
}, async (traits) => {
  const collector = await openCollector();
  const early = await enqueueEarly(library);
  const tracing = await initTracing({ env: {}, otlpEndpoint: collector.endpoint });
  return {
    ...traits,
    ...userOf(api),
    library,
    early,
    spansOf: async (wanted) => {
      await tracing.forceFlush();
      return (await collector.spans()).filter(({ traceId }) => traceId === wanted);
    },
    takeDown: () => tracing.shutdown(),
  };
});

proveAll("sdk-trace, registered by hand", {
  isOurs: false,
  keepsContext: true,
  tellsSampling: true,
  isBuiltIn: false,
}, async (traits) => {
  const keeper = newSpanKeeper();
  const telling = newTellingSampler(new ParentBasedSampler({ root: new AlwaysOnSampler() }));
  const early = await enqueueEarly(library);
  const provider = new TracerProvider({
    sampler: telling.sampler,
    spanProcessors: [keeper.processor],
  });
  trace.setGlobalTracerProvider(provider);
  context.setGlobalContextManager(new AsyncContextManager());
  return {
    ...traits,
    ...userOf(api),
    library,
    early,
    spansOf: keeper.spansOf,
    askedAbout: telling.askedAbout,
    takeDown: async () => {
      await provider.shutdown();
      unregister(api);
    },
  };
});
