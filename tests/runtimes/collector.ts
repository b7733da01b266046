/** A test's own box in the collector, on every runtime. */

import assert from "node:assert/strict";
import process from "node:process";
import type { Answer, Received } from "../collector.ts";
import { type OtlpSpan, spansIn } from "./otlp_spans.ts";

export type { OtlpSpan };

export interface OpenCollector {
  /** What OTEL_EXPORTER_OTLP_ENDPOINT would hold: traces go to `/v1/traces` below it. */
  readonly endpoint: string;
  /** Every request so far, in order. Throws where one broke the published protocol. */
  readonly received: () => Promise<readonly Received[]>;
  /** The spans of every request so far. */
  readonly spans: () => Promise<readonly OtlpSpan[]>;
  /** Those of one trace. */
  readonly spansOf: (traceId: string) => Promise<readonly OtlpSpan[]>;
  /** Sets how the next posts are answered; after the last answer they get 200 again. */
  readonly answerWith: (...answers: readonly Answer[]) => Promise<void>;
}

export async function openCollector(): Promise<OpenCollector> {
  const endpoint = `${await collectorUrl()}/${crypto.randomUUID()}`;
  const received = async () => {
    const all = await (await fetch(endpoint)).json() as Received[];
    assert.deepEqual(all.flatMap(({ violations }) => violations), []);
    return all;
  };
  const spans = async () => (await received()).flatMap(({ body }) => spansIn(JSON.parse(body)));
  return {
    endpoint,
    received,
    spans,
    spansOf: async (wanted) => (await spans()).filter(({ traceId }) => traceId === wanted),
    answerWith: async (...answers) => {
      const response = await fetch(`${endpoint}/script`, {
        method: "PUT",
        body: JSON.stringify(answers),
      });
      await response.body?.cancel();
    },
  };
}

let ownCollector: Promise<string> | undefined;

function collectorUrl(): Promise<string> {
  const url = process.env.COLLECTOR_URL;
  return url ? Promise.resolve(url) : ownCollector ??= startOwnCollector();
}

// For a single file that is run by hand: nothing closes this collector, so it must not hold the process.
async function startOwnCollector(): Promise<string> {
  const { startCollector } = await import("../collector.ts");
  const collector = await startCollector();
  collector.unref();
  return collector.url;
}
