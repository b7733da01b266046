/**
 * The numbers of the queues.
 *
 * @module
 */
import { endedWithinParameter } from "../openapi/parameters.ts";
import type { HttpOperation } from "../operation.ts";
import { readStatsQuery } from "../query.ts";

/** Counts by queue and status, the oldest ready job of each queue, and what blocks vacuum. */
export const getStats: HttpOperation = {
  operationId: "getStats",
  method: "GET",
  path: "/stats",
  right: "read",
  summary: "For each queue its jobs by status and the age of its oldest ready one",
  parameters: [endedWithinParameter],
  answers: { 200: { description: "The numbers.", schema: "Stats" } },
  errors: ["invalid_input"],
  run: async ({ jobs, query }) => ({ status: 200, body: await jobs.stats(readStatsQuery(query)) }),
};
