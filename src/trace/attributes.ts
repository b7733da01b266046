/**
 * The names of what spans say, from OpenTelemetry's semantic conventions for messaging (1.44); what
 * they have no name for is under `hammerwork.`.
 *
 * @module
 */
import type { Attributes } from "@opentelemetry/api";
import type { SpanAttributes, SpanJob, SpanRules } from "./rules.ts";

/** What is done to a message, by the conventions' names. */
export type Operation = "create" | "send" | "process";

/** What is done, and where. */
export function operationAttributes(
  operation: Operation,
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

/** What is done to one job, which job it is, and to what it belongs, as the given function wants it. */
export function jobAttributes(
  operation: Operation,
  job: SpanJob,
  rules: SpanRules,
  more?: Attributes,
): Attributes {
  const attributes = operationAttributes(operation, job.queueName);
  attributes["messaging.message.id"] = job.id;
  if (rules.clientId !== undefined) attributes["messaging.client.id"] = rules.clientId();
  // What others call a correlation id is a conversation id there.
  if (job.correlationId !== undefined) {
    attributes["messaging.message.conversation_id"] = job.correlationId;
  }
  if (job.parentId) attributes["hammerwork.job.parent_id"] = job.parentId;
  if (more !== undefined) Object.assign(attributes, more);
  if (rules.spanAttributes === undefined) return attributes;
  // When it fails it was to take something out, and nobody knows what.
  return changed(attributes, job, rules.spanAttributes) ??
    operationAttributes(operation, job.queueName);
}

/** What the function makes of attributes; `undefined` when it throws or returns something else. */
function changed(
  attributes: Attributes,
  job: SpanJob,
  spanAttributes: SpanAttributes,
): Attributes | undefined {
  try {
    const said: unknown = spanAttributes(attributes, job);
    if (typeof said !== "object" || said === null) return undefined;
    if (!(said instanceof Promise)) return said as Attributes;
    said.catch(() => {});
    return undefined;
  } catch {
    return undefined;
  }
}

/** An exception's class, message and stack, as the given function leaves them. */
export function exceptionOf(
  error: { readonly name: string; readonly message: string; readonly stack?: string },
  job: SpanJob,
  spanAttributes: SpanAttributes | undefined,
): { name: string; message: string; stack?: string } {
  if (spanAttributes === undefined) return error;
  const said = changed(
    {
      "exception.type": error.name,
      "exception.message": error.message,
      ...(error.stack !== undefined && { "exception.stacktrace": error.stack }),
    },
    job,
    spanAttributes,
  );
  const stack = said?.["exception.stacktrace"];
  return {
    name: String(said?.["exception.type"] ?? error.name),
    message: String(said?.["exception.message"] ?? ""),
    ...(stack !== undefined && { stack: String(stack) }),
  };
}
