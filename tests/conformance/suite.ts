/**
 * What every store must do, whichever it is. A new store opens itself in a test of its own and calls
 * `describeStore`; nothing in here knows of any.
 */
import { describe } from "node:test";
import { describeAdding } from "./adding.ts";
import { describeAttemptTraces } from "./attempt_traces.ts";
import { describeBegunAttempts } from "./begun_attempts.ts";
import { describeCancelledDescendants } from "./cancelled_descendants.ts";
import { describeCancelledParents } from "./cancelled_parents.ts";
import { describeCancelling } from "./cancelling.ts";
import { describeClaimOrder } from "./claim_order.ts";
import { describeClaiming } from "./claiming.ts";
import { describeCounting } from "./counting.ts";
import { describeDependencies } from "./dependencies.ts";
import { describeDependencyFailures } from "./dependency_failures.ts";
import { describeDependencyRaces } from "./dependency_races.ts";
import { describeDependencyScale } from "./dependency_scale.ts";
import { describeDueTimes } from "./due_times.ts";
import { describeEndedDependencies } from "./ended_dependencies.ts";
import { describeOperations, describeStatusTable } from "./status_table.ts";
import { describeFencing } from "./fencing.ts";
import { describeFindModel } from "./find_model.ts";
import { describeFinding } from "./finding.ts";
import { describeRemovedJobs } from "./removed_jobs.ts";
import { describeIdempotency } from "./idempotency.ts";
import { describeJsonText } from "./json_text.ts";
import { describeLeases } from "./leases.ts";
import { describeNotices } from "./notices.ts";
import { describeSettleAndClaim } from "./settle_and_claim.ts";
import { describePaging } from "./paging.ts";
import { describeParts } from "./parts.ts";
import { describeSpecialValues } from "./special_values.ts";
import { describeRandomOperations } from "./random_operations.ts";
import { describeRetention } from "./retention.ts";
import { describeRetriedDependents } from "./retried_dependents.ts";
import { describeRetrying } from "./retrying.ts";
import { describeSettling } from "./settling.ts";
import { describeSnapshots } from "./snapshots.ts";
import { type OpenStore, type Scale, testsOf, type TestStore } from "./fixture.ts";
import { describeThroughQueue } from "./through_queue.ts";
import { describeTraceEnds } from "./trace_ends.ts";

const themes: readonly ((test: TestStore, scale: Scale) => void)[] = [
  describeAdding,
  describeSnapshots,
  describeIdempotency,
  describeJsonText,
  describeSpecialValues,
  describeClaiming,
  describeClaimOrder,
  describeDueTimes,
  describeSettling,
  describeSettleAndClaim,
  describeFencing,
  describeLeases,
  describeBegunAttempts,
  describeDependencies,
  describeEndedDependencies,
  describeDependencyFailures,
  describeDependencyRaces,
  describeDependencyScale,
  describeCancelling,
  describeCancelledParents,
  describeCancelledDescendants,
  describeNotices,
  describeRetrying,
  describeRetriedDependents,
  describeFinding,
  describeFindModel,
  describePaging,
  describeParts,
  describeCounting,
  describeRetention,
  describeRemovedJobs,
  describeAttemptTraces,
  describeTraceEnds,
  describeStatusTable,
  describeOperations,
  describeThroughQueue,
];

/** Holds a store to the contract in src/store/store.ts. */
export function describeStore(
  name: string,
  open: OpenStore,
  // Deeper than any stack that walks it one call a level.
  scale: Scale = { chainLength: 5_000 },
): void {
  describe(name, () => {
    for (const describeTheme of themes) describeTheme(testsOf(open), scale);
    describeRandomOperations(open);
  });
}
