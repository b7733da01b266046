/**
 * The OpenAPI 3.1 document, made from the same operations as the routes.
 *
 * @module
 */
import { isPublic } from "../rights.ts";
import type { Content, HttpOperation, JsonSchema, Parameter } from "../operation.ts";
import { type ErrorCode, statusOfCode } from "../request_error.ts";
import type { RouterSettings } from "../router_options.ts";
import { answerHeaders } from "./parameters.ts";
import { schemas } from "./schemas.ts";

/** The errors that every operation can answer. */
const everywhere: readonly ErrorCode[] = ["unauthorized", "forbidden", "internal", "unavailable"];

type PublicAccess = Pick<RouterSettings, "publicAccess">;

/** The document of operations below a path. */
export function describeOperations(
  operations: readonly HttpOperation[],
  mountedAt: string,
  access: PublicAccess,
): JsonSchema {
  const paths: Record<string, Record<string, JsonSchema>> = {};
  for (const operation of operations) {
    const path = paths[operation.path] ??= {};
    path[operation.method.toLowerCase()] = describeOperation(operation, access);
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "hammerwork",
      version: "1",
      description: "Enqueue jobs, find them by trace or business process, retry and cancel them.",
    },
    servers: [{ url: mountedAt || "/" }],
    paths,
    components: {
      schemas,
      securitySchemes: { bearer: { type: "http", scheme: "bearer" } },
    },
  };
}

function describeOperation(operation: HttpOperation, access: PublicAccess): JsonSchema {
  const { operationId, summary, parameters = [], body, answers, errors } = operation;
  const enqueues = parameters.some(({ name }) => name === "traceparent");
  return {
    operationId,
    summary,
    security: isPublic(operation.right, access) ? [] : [{ bearer: [] }],
    ...parameters.length > 0 && { parameters: parameters.map(describeParameter) },
    ...body && { requestBody: { required: body.required, ...describeContent(body) } },
    responses: {
      ...Object.fromEntries(
        Object.entries(answers).map(([status, content]) => [status, {
          ...describeContent(content),
          ...enqueues && { headers: answerHeaders },
        }]),
      ),
      ...Object.fromEntries([...errors, ...everywhere].map(describeError)),
    },
  };
}

function describeParameter(parameter: Parameter): JsonSchema {
  return { ...parameter, required: parameter.required ?? parameter.in === "path" };
}

function describeContent({ description, schema, example }: Content): JsonSchema {
  const media = {
    schema: { $ref: `#/components/schemas/${schema}` },
    ...example !== undefined && { example },
  };
  return { description, content: { "application/json": media } };
}

function describeError(code: ErrorCode): [number, JsonSchema] {
  return [statusOfCode[code], describeContent({ description: `\`${code}\``, schema: "Error" })];
}
