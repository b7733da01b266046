/**
 * All sections, in the order of the report.
 *
 * @module
 */
import type { Section } from "../section.ts";
import { drainSection } from "./drain.ts";
import { enqueueSection } from "./enqueue.ts";
import { idleClaimSection } from "./idle_claim.ts";
import { latencySection } from "./latency.ts";

/** The sections. */
export const sections: readonly Section[] = [
  drainSection,
  idleClaimSection,
  enqueueSection,
  latencySection,
];
