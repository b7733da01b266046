/**
 * For authors of a store: the interface of a store, the rules that a synchronous store can share,
 * and the errors that a store throws. It imports nothing and runs on every runtime. Unstable: it
 * may change in any version before 1.0.
 *
 * A store implements {@linkcode Store}. If each of its steps is synchronous, as over a `Map`, in
 * SQLite or in a Durable Object, {@linkcode synchronousStore} makes a store of a table of jobs
 * ({@linkcode StoredJobs}): it has the rules, you write the storage. A remote store processes many
 * jobs in one statement instead and implements `Store` itself, as the Postgres store does.
 *
 * The conformance suite, `hammerwork/store/conformance`, tests every store.
 *
 * @module
 */
export type {
  AddedJob,
  AddOptions,
  CancelRecordOptions,
  Change,
  ChangedRecord,
  ChangeFilter,
  ChangeOptions,
  ChangeResult,
  Claim,
  ClaimedJob,
  CountRecordsOptions,
  ExpiredJob,
  ExtendOptions,
  Extension,
  FailedDependency,
  GetOptions,
  Hindrance,
  JobPlace,
  Lease,
  LeaseState,
  Maintenance,
  MaintenanceResult,
  MassChange,
  Notice,
  OutcomeRetention,
  QueueCount,
  RecordFilter,
  RecordPage,
  RefusedSweep,
  Reservation,
  Retention,
  RetryRecordOptions,
  SettleAndClaimRequest,
  SettleAndClaimResult,
  Settlement,
  Store,
  StoreHints,
  Taker,
  TraceEnd,
  TraceEndClaim,
  TraceEnds,
  UnfinishedQuery,
  WorkerAnnouncement,
  WorkerRecord,
} from "./store/store.ts";
export { mostAhead, mostLinks, mostWorkers } from "./store/store.ts";
export type { Health, LiveCount, QueueDepth, VacuumBlocker } from "./store/health.ts";
export type {
  NewPause,
  Pause,
  QueueSettings,
  QueueSettingsChange,
} from "./store/queue_settings.ts";
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
export { type Candidate, copyOf, copyOfAttempt, findAmong, isToChange } from "./store/find.ts";
export { inClaimOrder, retentionOf } from "./store/rules.ts";
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
  Operation,
  Operator,
  PartSizes,
  Propagation,
} from "./job/record.ts";
export { recordWith } from "./job/record.ts";
export {
  changeableStatuses,
  hasEnded,
  type JobStatus,
  jobStatuses,
  statusTransitions,
} from "./job/status.ts";
export { JobIdTakenError, StoreTimeoutError, StoreUnavailableError } from "./job/errors.ts";
export { InputRangeError, UnknownJobError } from "./job/checks.ts";
