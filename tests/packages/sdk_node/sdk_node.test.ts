/** `@opentelemetry/sdk-node` as its documentation says, with the stock exporter. On Node only. */

import { context, propagation, trace } from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { NodeSDK, tracing } from "@opentelemetry/sdk-node";
import * as library from "../../../mod.ts";
import { openCollector } from "../../runtimes/collector.ts";
import { byHand } from "../../providers/by_hand.ts";
import { newTellingSampler } from "../../providers/kept.ts";
import { proveAll } from "../../providers/prove_all.ts";
import { enqueueEarly } from "../../providers/stage.ts";
import { unregister, userOf } from "../../providers/user.ts";

const { AlwaysOnSampler, BatchSpanProcessor, ParentBasedSampler } = tracing;
const api = { trace, context, propagation };

proveAll("sdk-node", byHand, async () => {
  const collector = await openCollector();
  const telling = newTellingSampler(new ParentBasedSampler({ root: new AlwaysOnSampler() }));
  const exporter = new OTLPTraceExporter({ url: `${collector.endpoint}/v1/traces` });
  const batches = new BatchSpanProcessor(exporter);
  const early = await enqueueEarly(library);
  const sdk = new NodeSDK({
    serviceName: "shop",
    sampler: telling.sampler,
    spanProcessors: [batches],
    metricReaders: [],
    logRecordProcessors: [],
    instrumentations: [],
  });
  sdk.start();
  return {
    ...byHand,
    ...userOf(api),
    library,
    early,
    spansOf: async (wanted) => {
      await batches.forceFlush();
      return await collector.spansOf(wanted);
    },
    askedAbout: telling.askedAbout,
    takeDown: async () => {
      await sdk.shutdown();
      unregister(api);
    },
  };
});
