/**
 * All operations of the router, in the order of the OpenAPI document.
 *
 * @module
 */
import { describeOperations } from "../openapi/document.ts";
import type { HttpOperation } from "../operation.ts";
import { enqueueBatch, enqueueJob } from "./enqueue.ts";
import {
  findJobs,
  getCorrelation,
  getCorrelationByQuery,
  getHealth,
  getJob,
  getStats,
  getTrace,
} from "./lookup.ts";
import { cancelJob, retryJob } from "./actions.ts";

/** The OpenAPI document. */
const getDocument: HttpOperation = {
  operationId: "getDocument",
  method: "GET",
  path: "/openapi.json",
  right: "read",
  summary: "This OpenAPI document",
  answers: { 200: { description: "The document.", schema: "Document" } },
  errors: ["invalid_input"],
  run: ({ request, settings }) => {
    const mountedAt = new URL(request.url).pathname.slice(0, -getDocument.path.length);
    return Promise.resolve({
      status: 200,
      body: describeOperations(operations, mountedAt, settings),
    });
  },
};

/** All operations. */
export const operations: readonly HttpOperation[] = [
  enqueueJob,
  enqueueBatch,
  findJobs,
  getJob,
  cancelJob,
  retryJob,
  getTrace,
  getCorrelation,
  getCorrelationByQuery,
  getStats,
  getHealth,
  getDocument,
];
