/** What the checks of the provider matrix are given: the library, and one provider set up around it. */

import type { SpanContext } from "@opentelemetry/api";
import type * as hammerwork from "../../mod.ts";
import type { OtlpSpan } from "../runtimes/otlp_spans.ts";

/** The library under test: from its source, or compiled and resolving another copy of the API. */
export type Library = Pick<typeof hammerwork, "job" | "JobQueue" | "memory" | "newTraceId">;

/** A queue whose payloads are texts. */
export type TextQueue = hammerwork.JobQueue<Record<string, string>>;

/** A finished span, wherever it was read. Kinds are OTLP's numbers. */
export type SeenSpan = Pick<
  OtlpSpan,
  "name" | "traceId" | "spanId" | "parentSpanId" | "kind" | "status" | "links" | "attributes"
>;

/** What is known of a provider beforehand. */
export interface Traits {
  /** Whether `initTracing` sets it up, so that a root can be given its trace. */
  readonly isOurs: boolean;
  /** How far the registered context manager knows the active span. None without AsyncLocalStorage. */
  readonly context: "none" | "until the first await" | "kept";
  /** Whether a test can see what its sampler is asked. */
  readonly tellsSampling: boolean;
  /** Whether the runtime registers it by itself, before anything can be enqueued. */
  readonly isBuiltIn: boolean;
}

/** A provider that is set up, and what a user of it sees and does. */
export interface Stage extends Traits {
  readonly library: Library;
  /** The spans of a trace that have ended. Waits for so many where the provider cannot be flushed. */
  readonly spansOf: (traceId: string, expected: number) => Promise<readonly SeenSpan[]>;
  /** Calls within an active span of the user's. */
  readonly inSpan: <T>(name: string, call: () => Promise<T>) => Promise<InSpan<T>>;
  /** What the user finds active. */
  readonly activeSpan: () => SpanContext | undefined;
  /** The names of the spans of a trace that the provider's sampler was asked about. */
  readonly askedAbout?: ((traceId: string) => readonly string[]) | undefined;
  /** A job from before the provider was registered; none where the provider is built in. */
  readonly early?: EarlyJob | undefined;
  /** Takes back all that was registered. */
  readonly takeDown: () => Promise<void>;
}

export interface InSpan<T> {
  readonly span: SpanContext;
  readonly result: T;
}

export interface EarlyJob {
  readonly queue: TextQueue;
  readonly id: string;
  readonly traceId: string;
}

/** Enqueues a job where no provider is registered yet. */
export async function enqueueEarly({ JobQueue, memory }: Library): Promise<EarlyJob> {
  const queue: TextQueue = new JobQueue({ store: memory() });
  const { id, traceId } = await queue.enqueue("early", "job");
  return { queue, id, traceId };
}
