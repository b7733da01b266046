import { metrics } from "@opentelemetry/api";
import {
  type DataPoint,
  DataPointType,
  MeterProvider,
  MetricReader,
} from "@opentelemetry/sdk-metrics";
import type { Histogram, MetricData, ScopeMetrics } from "@opentelemetry/sdk-metrics";
import assert from "node:assert/strict";

/** One series of a metric, as it stands. */
export interface Series {
  readonly metric: string;
  readonly unit: string;
  readonly description: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  /** A counter's or a gauge's value, or how often a histogram was recorded. */
  readonly value: number;
  /** A histogram's. */
  readonly sum: number | undefined;
  /** A histogram's. */
  readonly boundaries: readonly number[] | undefined;
}

/** What a test's meter provider has of the library. */
export interface TestMeter {
  /** Collects now. */
  readonly collect: () => Promise<readonly Series[]>;
  /** Collects now, as the SDK has it. */
  readonly scope: () => Promise<ScopeMetrics>;
  /** Collects now: the values of one metric by some of its attributes, such as `email TypeError`. */
  readonly values: (metric: string, ...by: readonly string[]) => Promise<Record<string, number>>;
}

/** Reads when it is asked to. */
class ManualReader extends MetricReader {
  protected override onForceFlush(): Promise<void> {
    return Promise.resolve();
  }
  protected override onShutdown(): Promise<void> {
    return Promise.resolve();
  }
}

/** Registers a meter provider of the SDK. `metrics.disable()` takes it away. */
export function registerMeter(): TestMeter {
  const reader = new ManualReader();
  const provider = new MeterProvider({ readers: [reader] });
  assert.ok(metrics.setGlobalMeterProvider(provider));
  const scopes = async () =>
    (await reader.collect()).resourceMetrics.scopeMetrics
      .filter(({ scope }) => scope.name === "hammerwork");
  const collect = async () => (await scopes()).flatMap(({ metrics }) => metrics.flatMap(seriesOf));
  return {
    collect,
    scope: async () => {
      const [scope, ...others] = await scopes();
      assert.ok(scope && others.length === 0);
      return scope;
    },
    values: async (metric, ...by) => {
      const series = (await collect()).filter((one) => one.metric === metric);
      return Object.fromEntries(series.map(({ attributes, value }) => [
        by.flatMap((name) => attributes[name] ?? []).join(" "),
        value,
      ]));
    },
  };
}

function seriesOf(data: MetricData): Series[] {
  const { name: metric, unit, description } = data.descriptor;
  return (data.dataPoints as readonly DataPoint<number | Histogram>[]).map((point) => {
    const { attributes, value } = point;
    const common = { metric, unit, description, attributes };
    if (data.dataPointType !== DataPointType.HISTOGRAM) {
      return { ...common, value: value as number, sum: undefined, boundaries: undefined };
    }
    const { count, sum, buckets } = value as Histogram;
    return { ...common, value: count, sum, boundaries: buckets.boundaries };
  });
}
