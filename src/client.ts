/**
 * A client for services that only enqueue and look up: it speaks to a `jobRouter` elsewhere over
 * `fetch`, and needs neither the store nor anything else of the queue.
 *
 * @module
 */
export { type EnqueueByRouter, JobClient, type TreeFilter } from "./client/job_client.ts";
export { JobClientError, type JobClientOptions } from "./client/connection.ts";
export type { ListedReceipt, Receipt } from "./client/from_json.ts";
