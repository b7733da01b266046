/** `@opentelemetry/sdk-trace`: as `initTracing` sets it up, and as a user does by hand. */

import { context, propagation, trace } from "@opentelemetry/api";
import * as sdk from "@opentelemetry/sdk-trace";
import * as library from "../../mod.ts";
import { initTracing } from "../../src/tracing.ts";
import { openCollector } from "../runtimes/collector.ts";
import { byHand, registerByHand } from "./by_hand.ts";
import { proveAll } from "./prove_all.ts";
import { enqueueEarly, type Traits } from "./stage.ts";
import { userOf } from "./user.ts";

const api = { trace, context, propagation };

const ours: Traits = {
  isOurs: true,
  context: "kept",
  tellsSampling: false,
  isBuiltIn: false,
};

proveAll("sdk-trace, set up by initTracing", ours, async () => {
  const collector = await openCollector();
  const early = await enqueueEarly(library);
  const tracing = await initTracing({ env: {}, otlpEndpoint: collector.endpoint });
  return {
    ...ours,
    ...userOf(api),
    library,
    early,
    spansOf: async (wanted) => {
      await tracing.forceFlush();
      return await collector.spansOf(wanted);
    },
    takeDown: () => tracing.shutdown(),
  };
});

proveAll("sdk-trace, registered by hand", byHand, () => registerByHand(api, sdk, library));
