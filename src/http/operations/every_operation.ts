/**
 * Every operation of the router, in the order of its document.
 *
 * @module
 */
import { describeOperations } from "../openapi/document.ts";
import type { Operation } from "../operation.ts";
import { enqueueBatch, enqueueJob } from "./enqueue.ts";
import { findJobs, getCorrelation, getCorrelationByQuery, getJob, getTrace } from "./find.ts";
import { countJobs, getHealth } from "./standing.ts";
import { cancelJob, retryJob } from "./steer.ts";

/** The document itself. */
const getDocument: Operation = {
  operationId: "getDocument",
  method: "GET",
  path: "/openapi.json",
  right: "read",
  summary: "This document",
  answers: { 200: { description: "The document.", schema: "Document" } },
  errors: ["invalid_input"],
  run: ({ request, settings }) => {
    const mountedAt = new URL(request.url).pathname.slice(0, -getDocument.path.length);
    return Promise.resolve({
      status: 200,
      body: describeOperations(everyOperation, mountedAt, settings),
    });
  },
};

/** All of them. */
export const everyOperation: readonly Operation[] = [
  enqueueJob,
  enqueueBatch,
  findJobs,
  getJob,
  cancelJob,
  retryJob,
  getTrace,
  getCorrelation,
  getCorrelationByQuery,
  countJobs,
  getHealth,
  getDocument,
];
