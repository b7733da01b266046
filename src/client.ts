/**
 * A client for services that only enqueue and look up: it speaks to a `jobRouter` elsewhere over
 * `fetch`, and needs neither the store nor anything else of the queue.
 *
 * @module
 */
export { JobClient, type JobClientOptions, type TreeFilter } from "./client/job_client.ts";
export { JobClientError } from "./client/job_client_error.ts";
export type { EnqueueByRouter, ListedReceipt, Receipt } from "./client/receipt.ts";
