/**
 * The same worker with the page, whose size is reported beside it.
 *
 * @module
 */
import { page } from "../../src/page.ts";
import { type EdgeWorker, edgeWorker } from "./edge_worker.ts";

const withPage: EdgeWorker = edgeWorker(page());

export default withPage;
