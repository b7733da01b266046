/** `@opentelemetry/sdk-trace-web` with the stock exporter, set up as their documentation says. */

import { context, type ContextManager, propagation, trace } from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import {
  AlwaysOnSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  WebTracerProvider,
} from "@opentelemetry/sdk-trace-web";
import * as library from "../../mod.ts";
import { openCollector } from "../runtimes/collector.ts";
import { AsyncContextManager } from "./async_context_manager.ts";
import { byHand } from "./by_hand.ts";
import { newTellingSampler } from "./kept.ts";
import { proveAll } from "./prove_all.ts";
import { enqueueEarly, type Stage, type Traits } from "./stage.ts";
import { unregister, userOf } from "./user.ts";

const api = { trace, context, propagation };
// Its own StackContextManager forgets the active span at the first await.
const asItComes: Traits = { ...byHand, context: "until the first await" };

proveAll("sdk-trace-web as it comes", asItComes, () => setUp(asItComes, undefined));

proveAll(
  "sdk-trace-web and a context manager that survives await",
  byHand,
  () => setUp(byHand, new AsyncContextManager()),
);

async function setUp(traits: Traits, contextManager: ContextManager | undefined): Promise<Stage> {
  const collector = await openCollector();
  const telling = newTellingSampler(new ParentBasedSampler({ root: new AlwaysOnSampler() }));
  const early = await enqueueEarly(library);
  const exporter = new OTLPTraceExporter({ url: `${collector.endpoint}/v1/traces` });
  const provider = new WebTracerProvider({
    sampler: telling.sampler,
    spanProcessors: [new BatchSpanProcessor(exporter)],
  });
  provider.register(contextManager && { contextManager });
  return {
    ...traits,
    ...userOf(api),
    library,
    early,
    spansOf: async (wanted) => {
      await provider.forceFlush();
      return await collector.spansOf(wanted);
    },
    askedAbout: telling.askedAbout,
    takeDown: async () => {
      await provider.shutdown();
      unregister(api);
    },
  };
}
