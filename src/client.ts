/**
 * A client for services that enqueue and look up jobs over HTTP. It calls a `jobRouter` with
 * `fetch` and needs no access to the store.
 *
 * @module
 */
export { type EnqueueByRouter, JobClient, type TreeFilter } from "./client/job_client.ts";
export { JobClientError, type JobClientOptions } from "./client/connection.ts";
export type { ListedReceipt, Receipt } from "./client/from_json.ts";
