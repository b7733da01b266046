/** A check of the provider matrix, and how it looks at spans. */

import { strict as assert } from "node:assert";
import type { SeenSpan, Stage, TextQueue, Traits } from "./stage.ts";

/** One sentence that holds with a provider, and its proof. */
export interface Check {
  readonly name: string;
  /** Whether it can be told with this provider; always, unless it says so. */
  readonly applies?: ((traits: Traits) => boolean) | undefined;
  readonly prove: (stage: Stage) => Promise<void>;
}

/** OTLP's numbers of span kinds and status codes. */
export const PRODUCER = 4;
export const CONSUMER = 5;
export const ERROR = 2;

export function newQueue({ library: { JobQueue, memory } }: Stage): TextQueue {
  return new JobQueue({ store: memory() });
}

/** The only span of a name. */
export function one(spans: readonly SeenSpan[], name: string): SeenSpan {
  const found = all(spans, name);
  assert.equal(found.length, 1, `one "${name}" in: ${spans.map((span) => span.name)}`);
  return found[0]!;
}

export function all(spans: readonly SeenSpan[], name: string): readonly SeenSpan[] {
  return spans.filter((span) => span.name === name);
}

/** The spans of a trace, of which there are exactly so many. */
export async function spansOf(
  stage: Stage,
  traceId: string,
  count: number,
): Promise<readonly SeenSpan[]> {
  const spans = await stage.spansOf(traceId, count);
  assert.equal(spans.length, count, `${count} spans expected: got ${spans.map((s) => s.name)}`);
  assert.ok(spans.every((span) => span.traceId === traceId));
  return spans;
}

export function assertBelow(span: SeenSpan, parent: SeenSpan): void {
  assert.equal(span.parentSpanId, parent.spanId, `"${span.name}" below "${parent.name}"`);
}

/** Where a link of this relation leads. */
export function linked(span: SeenSpan, relation: string): readonly string[] {
  return span.links
    .filter(({ attributes }) => attributes["hammerwork.link"] === relation)
    .map(({ spanId }) => spanId);
}

/** Lets other jobs and timers run. */
export function aTimer(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 2));
}
