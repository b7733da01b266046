/**
 * How the queues stand.
 *
 * @module
 */
import { endedWithinParameter } from "../openapi/parameters.ts";
import type { HttpOperation } from "../operation.ts";
import { readCounting } from "../query.ts";

/** Counts by queue and status. */
export const countJobs: HttpOperation = {
  operationId: "countJobs",
  method: "GET",
  path: "/queues",
  right: "read",
  summary: "How many jobs each queue has with each status",
  parameters: [endedWithinParameter],
  answers: { 200: { description: "The counts.", schema: "Counts" } },
  errors: ["invalid_input"],
  run: async ({ jobs, query }) => ({
    status: 200,
    body: { queues: await jobs.counts(readCounting(query)) },
  }),
};

/** Depths, and what holds the store up. */
export const getHealth: HttpOperation = {
  operationId: "getHealth",
  method: "GET",
  path: "/health",
  right: "read",
  summary: "The depth of each queue, its oldest waiting job, and what holds the store up",
  answers: { 200: { description: "How the store stands.", schema: "Health" } },
  errors: ["invalid_input"],
  run: async ({ jobs }) => ({ status: 200, body: await jobs.health() }),
};
