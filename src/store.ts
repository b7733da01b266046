/**
 * For authors of a store of their own: the interface of a store, the transitions that a store on this
 * machine can share, and the errors that a store throws. It imports nothing and runs on every runtime.
 * Unstable: it may change in any version before 1.0.
 *
 * A store implements {@linkcode Store}. Where each step is one piece of synchronous code, as over a
 * `Map`, in SQLite or in a Durable Object, {@linkcode synchronousStore} makes one of a table of jobs
 * ({@linkcode StoredJobs}): the rules are in it, the storage is yours. One that is far away does many
 * jobs in one statement instead and implements `Store` itself, as the Postgres store does.
 *
 * Either way it is held to the conformance suite, `hammerwork/store/conformance`.
 *
 * @module
 */
export type {
  AddedJob,
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
export { mostLinks } from "./store/store.ts";
export type { Health, LiveCount, QueueDepth, VacuumBlocker } from "./store/health.ts";
export {
  synchronousStore,
  type SynchronousStoreOptions,
} from "./store/transitions/synchronous_store.ts";
export type {
  Dependent,
  JobChanges,
  JobRow,
  JobTable,
  KnownJob,
  RowField,
  StoredJobs,
  TraceEndTable,
} from "./store/transitions/job_table.ts";
export { type Candidate, copyOf, findAmong } from "./store/find.ts";
export { inClaimOrder } from "./store/rules.ts";
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
  PartSizes,
  Propagation,
} from "./job/record.ts";
export { recordWith } from "./job/record.ts";
export { hasEnded, type JobStatus, jobStatuses, statusTransitions } from "./job/status.ts";
export { JobIdTakenError, StoreTimeoutError, StoreUnavailableError } from "./job/errors.ts";
export { InputRangeError, UnknownJobError } from "./job/checks.ts";
