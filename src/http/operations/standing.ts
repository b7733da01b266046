/**
 * How the queues stand.
 *
 * @module
 */
import type { Operation } from "../operation.ts";

/** Counts by queue and status. */
export const countJobs: Operation = {
  operationId: "countJobs",
  method: "GET",
  path: "/queues",
  right: "read",
  summary: "How many jobs each queue has with each status",
  answers: { 200: { description: "The counts.", schema: "Counts" } },
  errors: ["invalid_input"],
  run: async ({ queue }) => ({ status: 200, body: { queues: await queue.counts() } }),
};

/** Depths, and what holds the store up. */
export const getHealth: Operation = {
  operationId: "getHealth",
  method: "GET",
  path: "/health",
  right: "read",
  summary: "The depth of each queue, its oldest waiting job, and what holds the store up",
  answers: { 200: { description: "How the store stands.", schema: "Health" } },
  errors: ["invalid_input"],
  run: async ({ queue }) => ({ status: 200, body: await queue.health() }),
};
