/**
 * Serves one request to one operation: checks the right, the site and the body, runs it, and makes
 * the response.
 *
 * @module
 */
import type { Context } from "hono";
import type { JobQueue } from "../queue/queue.ts";
import { checkContentType, checkSite } from "./cross_site.ts";
import { AllowedJobs } from "./allowed_jobs.ts";
import { parseBody, readBytes } from "./body.ts";
import type { JsonObject } from "./input.ts";
import type { HttpOperation, OperationResult } from "./operation.ts";
import { checkQuery } from "./query.ts";
import { type RequestError, statusOfCode, toRequestError } from "./request_error.ts";
import { Rights } from "./rights.ts";
import type { RouterSettings } from "./router_options.ts";

/** What all routes of a router have in common. */
export interface RouterContext {
  /** The queue. */
  readonly queue: JobQueue;
  /** The settings of the router. */
  readonly settings: RouterSettings;
}

// The path at which a router is mounted may have parameters too, so the name is unlikely.
const PARAMETER = "jobRouterId";

/** The pattern of a path for Hono. */
export function honoPath(path: string): string {
  return path.replace(/\{\w+\}/, `:${PARAMETER}`);
}

/** The value of the parameter of such a path. */
export function parameterOf(c: Context): string {
  return c.req.param(PARAMETER) ?? "";
}

/** Serves a request. `id` is the value of the path's parameter. */
export async function serveOperation(
  operation: HttpOperation,
  request: Request,
  id: string,
  { queue, settings }: RouterContext,
): Promise<OperationResult> {
  const rights = new Rights(request, operation.operationId, settings);
  await rights.check(operation.right);
  const { searchParams: query } = new URL(request.url);
  const writes = operation.method === "POST";
  if (writes) checkSite(request, settings);
  checkQuery(query, queryNames(operation));
  const body = writes ? await readOperationBody(operation, request, settings.maxBodyBytes) : {};
  const jobs = new AllowedJobs(queue, rights, settings);
  return operation.run({ queue, jobs, rights, settings, request, id, query, body });
}

/** An optional body needs no content type when it is empty. */
async function readOperationBody(
  { body }: HttpOperation,
  request: Request,
  maxBytes: number,
): Promise<JsonObject> {
  if (body?.required) checkContentType(request);
  const bytes = await readBytes(request, maxBytes);
  if (bytes.length === 0) return {};
  checkContentType(request);
  return parseBody(bytes);
}

/** The result of an error. Internal errors are reported to `onError`. */
export function errorResult(error: unknown, onError: (error: unknown) => void): OperationResult {
  const requestError = toRequestError(error);
  if (statusOfCode[requestError.code] >= 500) report(error, onError);
  return resultOf(requestError);
}

// A message may quote long input.
const LONGEST_MESSAGE = 1_000;

function resultOf({ code, message, details, headers }: RequestError): OperationResult {
  const text = message.length > LONGEST_MESSAGE ? `${message.slice(0, LONGEST_MESSAGE)}…` : message;
  return {
    status: statusOfCode[code],
    body: { error: { code, message: text, ...details } },
    headers,
  };
}

/** A result as a response: JSON, not cached, and without content sniffing. */
export function toResponse({ status, body, headers }: OperationResult): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: {
      "content-type": "application/json",
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      ...headers,
    },
  });
}

function report(error: unknown, onError: (error: unknown) => void): void {
  try {
    onError(error);
  } catch {
    // The request is answered even if the report fails.
  }
}

function queryNames({ parameters = [] }: HttpOperation): readonly string[] {
  return parameters.filter((parameter) => parameter.in === "query").map(({ name }) => name);
}
