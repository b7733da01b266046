/**
 * Every view of the page.
 *
 * @module
 */
import type { View } from "../view.ts";
import { jobView } from "./job.ts";
import { overview } from "./overview.ts";
import { search } from "./search.ts";
import { correlationByQueryView, correlationView, traceView } from "./traces.ts";

/** All of them. */
export const everyView: readonly View[] = [
  overview,
  search,
  traceView,
  correlationView,
  correlationByQueryView,
  jobView,
];
