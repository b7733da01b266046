/**
 * All sections, in the order of the report.
 *
 * @module
 */
import type { Section } from "../section.ts";
import { drainSection } from "./drain.ts";

/** The sections. */
export const sections: readonly Section[] = [drainSection];
