/**
 * Which traces are recorded: by the option, else by the variables `OTEL_TRACES_SAMPLER` and
 * `OTEL_TRACES_SAMPLER_ARG`, else all.
 *
 * @module
 */
import { ROOT_CONTEXT, SpanKind } from "@opentelemetry/api";
import type { Sampler } from "@opentelemetry/sdk-trace";
import type { OwnSampling } from "../trace/root_trace_id.ts";
import { isSampled } from "../trace/span_context.ts";
import type { Sdk, TracingOptions } from "./options.ts";
import { readVariable, type Variables, warnIgnored } from "./variables.ts";

/** Which spans are recorded. */
export interface Sampling {
  /** The share of new traces that are recorded, 0 to 1. */
  readonly ratio: number;
  /** Whether a span with a parent is recorded exactly when its parent is. Else the ratio applies too. */
  readonly followsParents: boolean;
}

/** By their names in the specification. Those without a ratio take it from the argument. */
const SAMPLERS: Readonly<Record<string, Partial<Sampling>>> = {
  always_on: { ratio: 1, followsParents: false },
  always_off: { ratio: 0, followsParents: false },
  traceidratio: { followsParents: false },
  parentbased_always_on: { ratio: 1 },
  parentbased_always_off: { ratio: 0 },
  parentbased_traceidratio: {},
};

/** Reads the sampling from the option, else from the variables. */
export function samplingOf({ samplingRatio, env }: TracingOptions): Sampling {
  if (samplingRatio !== undefined) return { ratio: samplingRatio, followsParents: true };
  const { ratio, followsParents = true } = namedSampling(env);
  return { ratio: ratio ?? readRatio(env), followsParents };
}

/** The sampler for it. */
export function newSampler(sdk: Sdk, { ratio, followsParents }: Sampling): Sampler {
  const root = newRootSampler(sdk, ratio);
  return followsParents ? new sdk.ParentBasedSampler({ root }) : root;
}

/** The decisions of that sampler, from the ids of the trace and the parent alone. */
export function ownSamplingOf(sdk: Sdk, { ratio, followsParents }: Sampling): OwnSampling {
  const root = newRootSampler(sdk, ratio);
  const recordsTrace = (traceId: string) =>
    root.shouldSample(ROOT_CONTEXT, traceId, "", SpanKind.INTERNAL, {}, []).decision !==
      sdk.SamplingDecision.NOT_RECORD;
  return {
    records: (traceId, parent) =>
      followsParents && parent !== undefined ? isSampled(parent) : recordsTrace(traceId),
  };
}

/** At a ratio of 1 the SDK's ratio sampler would still drop one trace in four billion. */
function newRootSampler(sdk: Sdk, ratio: number): Sampler {
  if (ratio === 1) return new sdk.AlwaysOnSampler();
  if (ratio === 0) return new sdk.AlwaysOffSampler();
  return new sdk.TraceIdRatioBasedSampler(ratio);
}

function namedSampling(env: Variables): Partial<Sampling> {
  const all = { ratio: 1 };
  const name = readVariable("OTEL_TRACES_SAMPLER", env);
  if (name === undefined) return all;
  const sampling = Object.hasOwn(SAMPLERS, name) ? SAMPLERS[name] : undefined;
  if (sampling === undefined) {
    warnIgnored("OTEL_TRACES_SAMPLER", `be one of ${Object.keys(SAMPLERS).join(", ")}`);
  }
  return sampling ?? all;
}

function readRatio(env: Variables): number {
  const text = readVariable("OTEL_TRACES_SAMPLER_ARG", env);
  if (text === undefined) return 1;
  const ratio = Number(text);
  if (ratio >= 0 && ratio <= 1) return ratio;
  warnIgnored("OTEL_TRACES_SAMPLER_ARG", "be a number from 0 to 1");
  return 1;
}
