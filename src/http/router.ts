/**
 * The router: a route for each operation, and an error in the same form for everything else.
 *
 * @module
 */
import { type Context, Hono } from "hono";
import type { Queues } from "../job/queues.ts";
import type { JobQueue } from "../queue/queue.ts";
import type { HttpOperation } from "./operation.ts";
import { operations } from "./operations/operations.ts";
import { RequestError } from "./request_error.ts";
import { type JobRouterOptions, readRouterOptions } from "./router_options.ts";
import {
  errorResult,
  honoPath,
  parameterOf,
  type RouterContext,
  serveOperation,
  toResponse,
} from "./serve_operation.ts";

/**
 * A Hono app that enqueues, finds, cancels and retries the jobs of a queue over HTTP. It answers every
 * request below the path at which it is mounted, unknown paths with 404, so it needs a path of its own.
 * `/openapi.json` describes it.
 *
 * @throws {TypeError | RangeError} when neither `authorize` nor `publicAccess` is given, or an option is
 * unknown or out of range.
 *
 * ```ts
 * import { JobQueue, memory } from "hammerwork";
 * import { bearerToken, jobRouter } from "hammerwork/http";
 * import { Hono } from "hono";
 * import assert from "node:assert/strict";
 *
 * const queue = new JobQueue({ store: memory() });
 * const app = new Hono();
 * app.route("/admin/queue", jobRouter(queue, { authorize: bearerToken("a-secret") }));
 *
 * const response = await app.request("/admin/queue/jobs", {
 *   method: "POST",
 *   headers: { authorization: "Bearer a-secret", "content-type": "application/json" },
 *   body: JSON.stringify({ queueName: "email_queue", payload: { to: "a@example.com" } }),
 * });
 * assert.equal(response.status, 201);
 * assert.match(response.headers.get("x-trace-id") ?? "", /^[0-9a-f]{32}$/);
 * ```
 */
export function jobRouter<Q extends Queues, Transaction>(
  queue: JobQueue<Q, Transaction>,
  options: JobRouterOptions,
): Hono {
  // The types of queues are of no use from here on.
  const context = { queue: queue as unknown as JobQueue, settings: readRouterOptions(options) };
  const app = new Hono();
  for (const path of new Set(operations.map((operation) => operation.path))) {
    const atPath = operations.filter((operation) => operation.path === path);
    app.all(honoPath(path), (c) => answer(c, atPath, context));
  }
  context.settings.page?.addTo(app, context as never);
  app.all("*", (c) => answer(c, [], context));
  return app;
}

async function answer(
  c: Context,
  atPath: readonly HttpOperation[],
  context: RouterContext,
): Promise<Response> {
  const request = c.req.raw;
  try {
    const operation = operationOf(atPath, request.method);
    return toResponse(await serveOperation(operation, request, parameterOf(c), context));
  } catch (error) {
    return toResponse(errorResult(error, context.settings.onError));
  }
}

function operationOf(atPath: readonly HttpOperation[], method: string): HttpOperation {
  if (atPath.length === 0) {
    throw new RequestError("no_such_path", "There is no such path");
  }
  // Hono leaves out the body of an answer to HEAD.
  const sought = method === "HEAD" ? "GET" : method;
  const operation = atPath.find((one) => one.method === sought);
  if (operation !== undefined) return operation;
  const methods = atPath.map((one) => one.method);
  const allow = methods.flatMap((one) => one === "GET" ? ["GET", "HEAD"] : [one]).join(", ");
  const message = `This path takes ${methods.join(" or ")}: got ${method}`;
  throw new RequestError("method_not_allowed", message, {}, { allow });
}
