/**
 * A span as text: one line that tells what, when, how long and how it went, and below it, indented,
 * what happened meanwhile and what it has to do with.
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

/** Describes a span that has ended. */
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
    duration(milliseconds(span.endTime) - milliseconds(span.startTime)).padStart(9),
    (isFailed ? "ERROR" : "ok").padEnd(5),
    oneLineOf(span.name),
    describeIds(span.spanContext(), span.parentSpanContext),
    describeAttributes(span.attributes),
  ].filter(Boolean).join("  ");
}

/** The trace and the span, and the span above. Short: enough to tell them apart on a screen. */
function describeIds(own: SpanContext, parent: SpanContext | undefined): string {
  const ids = shortIds(own);
  return parent?.spanId ? `${ids} < ${escapeControlCharacters(parent.spanId.slice(0, 8))}` : ids;
}

function shortIds({ traceId, spanId }: SpanContext): string {
  // Nobody looks at the ids of a link.
  return escapeControlCharacters(`${traceId.slice(0, 12)}/${spanId.slice(0, 8)}`);
}

/** The status's own words, where no exception says the same. */
function describeFailure({ status, events }: ReadableSpan): string[] {
  const message = status.code === SpanStatusCode.ERROR ? status.message : undefined;
  const isTold = events.some(({ attributes }) => attributes?.["exception.message"] === message);
  return message && !isTold ? [`! ${oneLineOf(message)}`] : [];
}

function describeEvent(event: SpanEvent, spanStart: HrTime): string[] {
  const { name, time, attributes = {} } = event;
  if (name === "exception") return describeException(attributes);
  const after = duration(milliseconds(time) - milliseconds(spanStart));
  return [
    [`+ ${after}`, oneLineOf(name), describeAttributes(attributes)].filter(Boolean).join("  "),
  ];
}

const MOST_FRAMES = 3;
const LONGEST_FRAME = 300;

/** What was thrown, and the innermost places of it. */
function describeException(attributes: Readonly<Record<string, unknown>>): string[] {
  const { "exception.type": type, "exception.message": message } = attributes;
  const thrown = [type, message].filter(Boolean).map(oneLineOf).join(": ");
  const frames = String(attributes["exception.stacktrace"] ?? "")
    .split("\n")
    .filter((line) => /^\s+at /.test(line))
    .slice(0, MOST_FRAMES);
  return [`! ${thrown}`, ...frames.map((frame) => `    ${frameOf(frame)}`)];
}

/** A line of the message may look like a frame. */
function frameOf(line: string): string {
  const frame = line.trim();
  return escapeControlCharacters(
    frame.length > LONGEST_FRAME ? `${frame.slice(0, LONGEST_FRAME)}…` : frame,
  );
}

function describeLink({ context, attributes = {} }: SpanLink): string {
  return [`> linked to ${shortIds(context)}`, describeAttributes(attributes)]
    .filter(Boolean).join("  ");
}

function milliseconds([seconds, nanos]: HrTime): number {
  return seconds * 1e3 + nanos / 1e6;
}

/** `11:25:21.004Z`, as it is on a server. */
function timeOfDay(time: HrTime): string {
  const date = new Date(milliseconds(time));
  return Number.isNaN(date.getTime()) ? "--:--:--.---Z" : date.toISOString().slice(11);
}

function duration(ms: number): string {
  if (!Number.isFinite(ms)) return "? ms";
  if (ms < 1_000) return `${ms.toFixed(ms < 100 ? 1 : 0)} ms`;
  return ms < 60_000 ? `${(ms / 1_000).toFixed(2)} s` : `${(ms / 60_000).toFixed(1)} min`;
}
