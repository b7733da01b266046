/**
 * The conformance suite: what every store must do, whichever it is. It is published, so that a store
 * that lives elsewhere is held to it too. Unstable like the interface of a store.
 *
 * @module
 */
import { describe } from "node:test";
import { describeActingOnMany } from "./acting_on_many.ts";
import { describeActingOnManyModel } from "./acting_on_many_model.ts";
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
import { describePauses } from "./pauses.ts";
import { describeParts } from "./parts.ts";
import { describeSpecialValues } from "./special_values.ts";
import { describeRandomOperations } from "./random_operations.ts";
import { describeRetention } from "./retention.ts";
import { describeRetriedDependents } from "./retried_dependents.ts";
import { describeRetrying } from "./retrying.ts";
import { describeSettling } from "./settling.ts";
import { describeSnoozing } from "./snoozing.ts";
import { describeSnapshots } from "./snapshots.ts";
import {
  type OpenStore,
  type Suite,
  type SuiteOptions,
  testsOf,
  type TestStore,
} from "./fixture.ts";
import { describeThroughQueue } from "./through_queue.ts";
import { describeTraceEnds } from "./trace_ends.ts";
import { describeWorkers } from "./workers.ts";

export type { OpenedStore, OpenStore, OptionalPart, SuiteOptions } from "./fixture.ts";

const themes: readonly ((test: TestStore, suite: Suite) => void)[] = [
  describeAdding,
  describeSnapshots,
  describeIdempotency,
  describeJsonText,
  describeSpecialValues,
  describeClaiming,
  describeClaimOrder,
  describeDueTimes,
  describeSettling,
  describeSnoozing,
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
  describePauses,
  describeRetrying,
  describeRetriedDependents,
  describeActingOnMany,
  describeActingOnManyModel,
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
  describeWorkers,
  describeThroughQueue,
];

/**
 * Defines the tests that hold a store to its contract, the comments of `Store`, under the test runner
 * `node:test`: of Node, Bun or Deno. Needs `fast-check`.
 *
 * Each test calls `open` for an empty store of its own, whose clock is the given one: it stands still
 * until a test moves it. The tests run one after another; what a test leaves behind is removed by the
 * opened store's `close`.
 *
 * A store may do without two parts: `notices` (`onNotice`) and `traceEnds` (`traceEnds`). A caller's
 * `transaction`, the notices of other processes, and what several processes do to one store at once
 * are beyond this suite: they need tests of the store's own.
 *
 * ```ts
 * import { memory } from "hammerwork";
 * import { describeStore } from "hammerwork/store/conformance";
 *
 * describeStore("the memory store", async ({ now }) => {
 *   const store = memory({ now });
 *   return { store, close: () => store.close() };
 * });
 * ```
 */
export function describeStore(name: string, open: OpenStore, options: SuiteOptions = {}): void {
  // Deeper than any stack that walks it one call a level.
  const { chainLength = 5_000, without = [] } = options;
  const suite = { chainLength, without };
  describe(name, () => {
    for (const describeTheme of themes) describeTheme(testsOf(open, suite), suite);
    describeRandomOperations(open, suite);
  });
}
