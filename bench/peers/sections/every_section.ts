/**
 * All sections, in the order of the report.
 *
 * @module
 */
import type { Section } from "../section.ts";
import { drainSection } from "./drain.ts";
import { enqueueSection } from "./enqueue.ts";
import { failingSection } from "./failing.ts";
import { farSection } from "./far.ts";
import { footprintSection } from "./footprint.ts";
import { growthSection } from "./growth.ts";
import { horizonSection } from "./horizon.ts";
import { idleClaimSection } from "./idle_claim.ts";
import { limitSection } from "./limit.ts";
import { loadedSection } from "./loaded.ts";
import { overloadSection } from "./overload.ts";
import { payloadSection } from "./payload.ts";
import { processesSection } from "./processes.ts";
import { latencySection } from "./latency.ts";
import { shippedSection } from "./shipped.ts";
import { storesSection } from "./stores.ts";
import { tracingSection } from "./tracing.ts";
import { workflowsSection } from "./workflows.ts";

/** The sections of a run that names none. */
export const sections: readonly Section[] = [
  drainSection,
  limitSection,
  shippedSection,
  growthSection,
  idleClaimSection,
  enqueueSection,
  latencySection,
  loadedSection,
  workflowsSection,
  failingSection,
  payloadSection,
  processesSection,
  farSection,
  footprintSection,
  storesSection,
  tracingSection,
];

/** Those that take so long that they must be named. */
export const longSections: readonly Section[] = [horizonSection, overloadSection];
