/**
 * What holds with every tracer provider. As plain checks: test files register them with node:test,
 * and a process without a test runner calls them one by one.
 */

import { attemptChecks } from "./attempt_checks.ts";
import type { Check } from "./check.ts";
import { familyChecks } from "./family_checks.ts";
import { traceIdChecks } from "./trace_id_checks.ts";

export const whatHolds: readonly Check[] = [...attemptChecks, ...familyChecks, ...traceIdChecks];
