/** A provider of OpenTelemetry's SDK as a user registers it by hand, whose spans stay in the process. */

import type * as sdkTrace from "@opentelemetry/sdk-trace";
import { AsyncContextManager } from "./async_context_manager.ts";
import { newSpanKeeper, newTellingSampler } from "./kept.ts";
import { forgetRegistry } from "./registry.ts";
import { enqueueEarly, type Library, type Stage, type Traits } from "./stage.ts";
import { type Api, unregister, userOf } from "./user.ts";

/** The SDK, of any version that has this form. */
export type Sdk = Pick<
  typeof sdkTrace,
  "AlwaysOnSampler" | "ParentBasedSampler" | "TracerProvider"
>;

export const byHand: Traits = {
  isOurs: false,
  context: "kept",
  tellsSampling: true,
  isBuiltIn: false,
};

export async function registerByHand(api: Api, sdk: Sdk, library: Library): Promise<Stage> {
  const { AlwaysOnSampler, ParentBasedSampler, TracerProvider } = sdk;
  const keeper = newSpanKeeper();
  const telling = newTellingSampler(new ParentBasedSampler({ root: new AlwaysOnSampler() }));
  const early = await enqueueEarly(library);
  const provider = new TracerProvider({
    sampler: telling.sampler,
    spanProcessors: [keeper.processor],
  });
  forgetRegistry();
  api.trace.setGlobalTracerProvider(provider);
  api.context.setGlobalContextManager(new AsyncContextManager());
  return {
    ...byHand,
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
}
