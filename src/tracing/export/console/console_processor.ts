/**
 * Finished spans, printed for a person at a terminal. Each is printed when it ends, so a parent comes
 * below its children. The first line has the start, the duration, the status, the name, the ids of
 * trace, span and parent, and the attributes; below it, indented, are errors, events and links.
 *
 * ```text
 * 11:25:21.004Z   12.3 ms  ok     process email_queue  0af7651916cd/b7ad6b71 < 00f067aa  attempt=1/3
 *                                 + 1.2 ms  address found  host="mail.example"
 * ```
 *
 * @module
 */
import { type SpanContext, SpanStatusCode } from "@opentelemetry/api";
import { escapeControlCharacters } from "../../../control_characters.ts";
import type { HrTime, ReadableSpan, SpanEvent, SpanLink } from "../readable_span.ts";
import { describeAttributes, oneLineOf } from "./describe_attributes.ts";

/** A `SpanProcessor` that prints. None of its calls throws or rejects. */
export class ConsoleProcessor {
  readonly #print: (text: string) => void;

  /** @param print gets the text of one span, without a line break at its end. */
  constructor(print: (text: string) => void = (text) => console.log(text)) {
    this.#print = print;
  }

  /** Spans are printed at their end. */
  onStart(): void {}

  /** Prints a span that is sampled. */
  onEnd(span: ReadableSpan): void {
    if ((span.spanContext().traceFlags & 1) === 0) return;
    try {
      this.#print(describeSpan(span));
    } catch { /* A closed terminal must not fail the job. */ }
  }

  /** Nothing is held. */
  forceFlush(): Promise<void> {
    return Promise.resolve();
  }

  /** Nothing is held. */
  shutdown(): Promise<void> {
    return Promise.resolve();
  }
}

/** A span as text of one or more lines. */
export function describeSpan(span: ReadableSpan): string {
  const below = [
    ...describeFailure(span),
    ...span.events.flatMap((event) => describeEvent(event, span.startTime)),
    ...span.links.map(describeLink),
  ];
  return [headline(span), ...below.map((line) => INDENT + line)].join("\n");
}

// Where the span's name begins.
const INDENT = " ".repeat(33);

function headline(span: ReadableSpan): string {
  const isFailed = span.status.code === SpanStatusCode.ERROR;
  return [
    timeOfDay(span.startTime),
    spanDurationText(milliseconds(span.endTime) - milliseconds(span.startTime)).padStart(9),
    (isFailed ? "ERROR" : "ok").padEnd(5),
    oneLineOf(span.name),
    describeIds(span.spanContext(), span.parentSpanContext),
    describeAttributes(span.attributes),
  ].filter(Boolean).join("  ");
}

/** The first digits of the trace's, the span's and the parent's id: enough to tell them apart. */
function describeIds(own: SpanContext, parent: SpanContext | undefined): string {
  const ids = idPrefixes(own);
  return parent?.spanId ? `${ids} < ${escapeControlCharacters(parent.spanId.slice(0, 8))}` : ids;
}

function idPrefixes({ traceId, spanId }: SpanContext): string {
  // The ids of a link are not checked anywhere.
  return escapeControlCharacters(`${traceId.slice(0, 12)}/${spanId.slice(0, 8)}`);
}

/** The status message, unless an exception has the same. */
function describeFailure({ status, events }: ReadableSpan): string[] {
  const message = status.code === SpanStatusCode.ERROR ? status.message : undefined;
  const isRepeated = events.some(({ attributes }) => attributes?.["exception.message"] === message);
  return message && !isRepeated ? [`! ${oneLineOf(message)}`] : [];
}

function describeEvent(event: SpanEvent, spanStart: HrTime): string[] {
  const { name, time, attributes = {} } = event;
  if (name === "exception") return describeException(attributes);
  const after = spanDurationText(milliseconds(time) - milliseconds(spanStart));
  return [
    [`+ ${after}`, oneLineOf(name), describeAttributes(attributes)].filter(Boolean).join("  "),
  ];
}

const MOST_FRAMES = 3;
const LONGEST_FRAME = 300;

/** The exception, and the innermost frames of its stack. */
function describeException(attributes: Readonly<Record<string, unknown>>): string[] {
  const { "exception.type": type, "exception.message": message } = attributes;
  const exception = [type, message].filter(Boolean).map(oneLineOf).join(": ");
  const frames = String(attributes["exception.stacktrace"] ?? "")
    .split("\n")
    .filter((line) => /^\s+at /.test(line))
    .slice(0, MOST_FRAMES);
  return [`! ${exception}`, ...frames.map((frame) => `    ${frameOf(frame)}`)];
}

/** A line of the message may look like a frame, so it is escaped and shortened too. */
function frameOf(line: string): string {
  const frame = line.trim();
  return escapeControlCharacters(
    frame.length > LONGEST_FRAME ? `${frame.slice(0, LONGEST_FRAME)}…` : frame,
  );
}

function describeLink({ context, attributes = {} }: SpanLink): string {
  return [`> linked to ${idPrefixes(context)}`, describeAttributes(attributes)]
    .filter(Boolean).join("  ");
}

function milliseconds([seconds, nanos]: HrTime): number {
  return seconds * 1e3 + nanos / 1e6;
}

/** Such as `11:25:21.004Z`, in UTC. */
function timeOfDay(time: HrTime): string {
  const date = new Date(milliseconds(time));
  return Number.isNaN(date.getTime()) ? "--:--:--.---Z" : date.toISOString().slice(11);
}

function spanDurationText(ms: number): string {
  if (!Number.isFinite(ms)) return "? ms";
  if (ms < 1_000) return `${ms.toFixed(ms < 100 ? 1 : 0)} ms`;
  return ms < 60_000 ? `${(ms / 1_000).toFixed(2)} s` : `${(ms / 60_000).toFixed(1)} min`;
}
