/**
 * Lookup: pages of jobs, one job, the trees of a trace and of a business process, and statistics.
 *
 * @module
 */
import { checkCorrelationId, checkJobId, readTraceId } from "../../job/ids.ts";
import {
  correlationInPath,
  correlationInQuery,
  endedWithinParameter,
  filterParameters,
  idInPath,
  maxOldestReadyParameter,
  pageParameters,
  traceInPath,
} from "../openapi/parameters.ts";
import type { QueueDepth } from "../../store/health.ts";
import type { HttpOperation, OperationCall } from "../operation.ts";
import { readFilter, readMaxOldestReadyMs, readStatsQuery } from "../query.ts";
import { checkedAt, invalidInput, RequestError } from "../request_error.ts";

/** Jobs, newest first. */
export const findJobs: HttpOperation = {
  operationId: "findJobs",
  method: "GET",
  path: "/jobs",
  right: "read",
  summary: "Find jobs, newest first",
  parameters: [...filterParameters, ...pageParameters],
  answers: { 200: { description: "A page of jobs.", schema: "JobPage" } },
  errors: ["invalid_input"],
  run: async ({ jobs, query, settings }) => {
    const filter = readFilter(query, settings.maxPageSize);
    return { status: 200, body: await jobs.find(filter) };
  },
};

/** One job with all of its attempts. */
export const getJob: HttpOperation = {
  operationId: "getJob",
  method: "GET",
  path: "/jobs/{id}",
  right: "read",
  summary: "One job with all of its attempts",
  parameters: [idInPath],
  answers: { 200: { description: "The job.", schema: "JobWithAttempts" } },
  errors: ["invalid_input", "not_found"],
  run: async ({ jobs, id }) => {
    const job = await jobs.get(checkedAt("id", () => checkJobId(id)));
    if (job === undefined) throw noSuchJob();
    return { status: 200, body: job };
  },
};

/** The jobs of a trace. */
export const getTrace: HttpOperation = {
  operationId: "getTrace",
  method: "GET",
  path: "/traces/{traceId}",
  right: "read",
  summary: "The jobs of a trace as a tree, with every attempt",
  parameters: [traceInPath, ...pageParameters],
  answers: { 200: { description: "The tree.", schema: "TraceTree" } },
  errors: ["invalid_input"],
  run: (call) => tree(call, { traceId: checkedAt("traceId", () => readTraceId(call.id)) }),
};

/** The jobs of a business process. */
export const getCorrelation: HttpOperation = {
  operationId: "getCorrelation",
  method: "GET",
  path: "/correlations/{correlationId}",
  right: "read",
  summary: "The jobs of a business process as a tree, with every attempt",
  parameters: [correlationInPath, ...pageParameters],
  answers: { 200: { description: "The tree.", schema: "CorrelationTree" } },
  errors: ["invalid_input"],
  run: (call) =>
    tree(call, { correlationId: checkedAt("correlationId", () => checkCorrelationId(call.id)) }),
};

/** The same for ids that cannot be in a path. */
export const getCorrelationByQuery: HttpOperation = {
  ...getCorrelation,
  operationId: "getCorrelationByQuery",
  path: "/correlations",
  summary: "The jobs of a business process, also for ids that a path cannot contain, such as `..`",
  parameters: [correlationInQuery, ...pageParameters],
  run: (call) => {
    const [id, ...more] = call.query.getAll("correlationId");
    if (id === undefined || more.length > 0) {
      throw invalidInput("correlationId must be given exactly once", "correlationId");
    }
    return getCorrelation.run({ ...call, id });
  },
};

/** Jobs by queue and status, the oldest ready job of each queue, and what blocks vacuum. */
export const getStats: HttpOperation = {
  operationId: "getStats",
  method: "GET",
  path: "/stats",
  right: "read",
  summary: "The jobs of each queue by status, and the age of its oldest ready job",
  parameters: [endedWithinParameter],
  answers: { 200: { description: "The statistics.", schema: "Stats" } },
  errors: ["invalid_input"],
  run: async ({ jobs, query }) => ({ status: 200, body: await jobs.stats(readStatsQuery(query)) }),
};

/** Whether ready jobs are started in time, for probes. */
export const getHealth: HttpOperation = {
  operationId: "getHealth",
  method: "GET",
  path: "/health",
  right: "read",
  summary:
    "Whether the store answers, and no ready job has waited for longer than `maxOldestReadyMs`",
  parameters: [maxOldestReadyParameter],
  answers: { 200: { description: "All is well; else 503.", schema: "Health" } },
  errors: ["invalid_input"],
  run: async ({ jobs, query }) => {
    const mostMs = readMaxOldestReadyMs(query);
    let oldest: QueueDepth | undefined;
    for (const depth of await jobs.depths()) {
      // What an operator holds up is no fault.
      if (depth.pause !== undefined) continue;
      if ((depth.oldestReadyMs ?? -1) > (oldest?.oldestReadyMs ?? -1)) oldest = depth;
    }
    const { queueName, oldestReadyMs = 0 } = oldest ?? {};
    if (oldestReadyMs <= mostMs) return { status: 200, body: { oldestReadyMs } };
    const message = `The oldest ready job of ${queueName} has waited for ${oldestReadyMs} ms, ` +
      `more than ${mostMs} ms`;
    // An answer that was asked for, and no failure to be reported.
    return { status: 503, body: { error: { code: "unavailable", message } } };
  },
};

/** The error when no job has the id. */
export function noSuchJob(): RequestError {
  return new RequestError("not_found", "There is no job with this id");
}

async function tree(
  { jobs, query, settings: { maxPageSize } }: OperationCall,
  of: { readonly traceId: string } | { readonly correlationId: string },
) {
  const page = readFilter(query, maxPageSize);
  const limit = query.has("limit") ? page.limit : maxPageSize;
  // Each job is in the tree once: its list would repeat them.
  const { jobs: _, ...tree } = await jobs.tree({ ...page, ...of, limit });
  return { status: 200, body: { ...of, ...tree } };
}
