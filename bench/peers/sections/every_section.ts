/**
 * All sections, in the order of the report.
 *
 * @module
 */
import type { Section } from "../section.ts";
import { drainSection } from "./drain.ts";
import { enqueueSection } from "./enqueue.ts";
import { growthSection } from "./growth.ts";
import { idleClaimSection } from "./idle_claim.ts";
import { limitSection } from "./limit.ts";
import { latencySection } from "./latency.ts";
import { shippedSection } from "./shipped.ts";
import { storesSection } from "./stores.ts";
import { tracingSection } from "./tracing.ts";

/** The sections. */
export const sections: readonly Section[] = [
  drainSection,
  limitSection,
  shippedSection,
  growthSection,
  idleClaimSection,
  enqueueSection,
  latencySection,
  storesSection,
  tracingSection,
];
