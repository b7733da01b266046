/**
 * The names of what spans say, from OpenTelemetry's semantic conventions for messaging (1.44); what
 * they have no name for is under `hammerwork.`.
 *
 * @module
 */
import type { Attributes } from "@opentelemetry/api";

/** What is done, and where. */
export function operationAttributes(
  operation: "create" | "send" | "process",
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

/** Which job it is, and to what it belongs. */
export function messageAttributes(
  job: {
    readonly id: string;
    readonly correlationId: string | undefined;
    readonly parentId: string | undefined;
  },
): Attributes {
  const attributes: Attributes = { "messaging.message.id": job.id };
  // What others call a correlation id is a conversation id there.
  if (job.correlationId !== undefined) {
    attributes["messaging.message.conversation_id"] = job.correlationId;
  }
  if (job.parentId !== undefined) attributes["hammerwork.job.parent_id"] = job.parentId;
  return attributes;
}
