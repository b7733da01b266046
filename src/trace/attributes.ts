/**
 * The attributes of spans, by OpenTelemetry's semantic conventions for messaging (1.44). Attributes
 * that the conventions do not define begin with `hammerwork.`.
 *
 * @module
 */
import { type Attributes, type Span, SpanStatusCode } from "@opentelemetry/api";
import type { SpanAttributes, SpanJob, SpanRules } from "./rules.ts";

/** What is done to a message, as the conventions name it. */
export type SpanOperation = "create" | "send" | "process";

/** The attributes of an operation on a queue. */
export function operationAttributes(
  operation: SpanOperation,
  queueName: string | undefined,
): Attributes {
  const attributes: Attributes = {
    "messaging.system": "hammerwork",
    "messaging.operation.name": operation,
    "messaging.operation.type": operation,
  };
  if (queueName !== undefined) attributes["messaging.destination.name"] = queueName;
  return attributes;
}

/** The attributes of an operation on one job, after `rules.spanAttributes`. */
export function jobAttributes(
  operation: SpanOperation,
  job: SpanJob,
  rules: SpanRules,
  more?: Attributes,
): Attributes {
  const attributes = operationAttributes(operation, job.queueName);
  attributes["messaging.message.id"] = job.id;
  if (rules.clientId !== undefined) attributes["messaging.client.id"] = rules.clientId();
  // The conventions call a correlation id a conversation id.
  if (job.correlationId !== undefined) {
    attributes["messaging.message.conversation_id"] = job.correlationId;
  }
  if (job.parentId) attributes["hammerwork.job.parent_id"] = job.parentId;
  if (more !== undefined) Object.assign(attributes, more);
  if (rules.spanAttributes === undefined) return attributes;
  // When the function fails, what it would have removed is unknown: nothing optional is kept.
  return applySpanAttributes(attributes, job, rules.spanAttributes) ??
    operationAttributes(operation, job.queueName);
}

/** What the function returns; `undefined` when it throws or returns no attributes. */
function applySpanAttributes(
  attributes: Attributes,
  job: SpanJob,
  spanAttributes: SpanAttributes,
): Attributes | undefined {
  try {
    const result: unknown = spanAttributes(attributes, job);
    if (typeof result !== "object" || result === null) return undefined;
    if (!(result instanceof Promise)) return result as Attributes;
    result.catch(() => {});
    return undefined;
  } catch {
    return undefined;
  }
}

/** Marks a span as failed. */
export function setFailure(span: Span, errorType: string, message: string): void {
  span.setAttribute("error.type", errorType);
  span.setStatus({ code: SpanStatusCode.ERROR, message });
}

/** An exception's class, message and stack, after `spanAttributes`. */
export function exceptionOf(
  error: { readonly name: string; readonly message: string; readonly stack?: string },
  job: SpanJob,
  spanAttributes: SpanAttributes | undefined,
): { name: string; message: string; stack?: string } {
  if (spanAttributes === undefined) return error;
  const changed = applySpanAttributes(
    {
      "exception.type": error.name,
      "exception.message": error.message,
      ...(error.stack !== undefined && { "exception.stacktrace": error.stack }),
    },
    job,
    spanAttributes,
  );
  const stack = changed?.["exception.stacktrace"];
  return {
    name: String(changed?.["exception.type"] ?? error.name),
    message: String(changed?.["exception.message"] ?? ""),
    ...(stack !== undefined && { stack: String(stack) }),
  };
}
