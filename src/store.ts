/**
 * The interface of a store, for authors of one of their own: its types and the errors that it throws.
 * It imports nothing and runs on every runtime. Unstable: it may change in any version before 1.0.
 *
 * A store is held to the conformance suite, `hammerwork/store/conformance`.
 *
 * @module
 */
export type {
  Added,
  AddOptions,
  CancelRecordOptions,
  Change,
  ChangedRecord,
  Claim,
  ClaimedJob,
  CountRecordsOptions,
  ExpiredJob,
  ExtendOptions,
  Extension,
  FailedDependency,
  GetOptions,
  Hindrance,
  Lease,
  LeaseState,
  Maintenance,
  MaintenanceResult,
  Notice,
  QueueCount,
  RecordFilter,
  RecordPage,
  RefusedSweep,
  RetryOptions,
  SettleAndClaimRequest,
  SettleAndClaimResult,
  Settlement,
  Store,
  StoreHints,
  TraceEnd,
  TraceEndClaim,
  TraceEnds,
  UnfinishedQuery,
} from "./store/store.ts";
export type { Health, QueueDepth, VacuumBlocker } from "./store/health.ts";
export type { AttemptOutcome } from "./job/outcomes.ts";
export type {
  AttemptRecord,
  AttemptRecords,
  DependencyFailurePolicy,
  FoundRecord,
  JobError,
  JobInput,
  JobPart,
  JobRecord,
  Propagation,
} from "./job/record.ts";
export type { JobStatus } from "./job/status.ts";
export { JobIdTakenError, StoreTimeoutError, StoreUnavailableError } from "./job/errors.ts";
