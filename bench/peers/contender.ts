/**
 * The seam of this benchmark: what is asked of every queue. Each contender is one
 * library in one setting, and has nothing but its own public interface behind these calls.
 *
 * @module
 */
import type { Trivial } from "../measured/trivial.ts";

/** A library in one setting. */
export interface Contender {
  /** The library, and what sets this setting apart. */
  readonly name: string;
  /** The file that exports it, which a measured process loads alone. */
  readonly module: string;
  /** Its options beyond the defaults. */
  readonly settings: string;
  /** Where its jobs live. */
  readonly home: Home;
  /** Its name in its own module, where that is another one. */
  readonly nameThere?: string;
  /** Which workflows it can store in one call; left out where no job waits for another. */
  readonly workflows?: WorkflowShapes;
  /** Has spans sent, as its manual advises; left out where it has no tracing. */
  readonly startTracing?: (tracing: Tracing) => Promise<StartedTracing>;
  /** Connects, and makes its tables if they are not there. */
  readonly open: (options: OpenOptions) => Promise<OpenQueue>;
}

/** A server, a file, or the memory of the process that has it open. A careful Redis waits for its disk. */
export type Home = "postgres" | "redis" | "careful redis" | "file" | "memory";

/** Any, or only those in which at most one job waits for each. */
export type WorkflowShapes = "any" | "towards one";

/** A workflow: its jobs, and for each the places of those that it waits for, all of them before it. */
export type Workflow = readonly WorkflowJob[];

/** A job of a workflow. */
export interface WorkflowJob {
  readonly payload: Trivial;
  readonly after: readonly number[];
}

/** How much is sent where. */
export interface Tracing {
  /** The share of new traces that are sampled. */
  readonly ratio: number;
  /** The base address of a collector that takes OTLP. */
  readonly endpoint: string;
}

/** Tracing under way. */
export interface StartedTracing {
  /** Sends the spans that are still held. Throws when one was lost. */
  readonly flush: () => Promise<void>;
}

/** Where and how to open it. */
export interface OpenOptions {
  /** The URL of its server, or a path. */
  readonly address: string;
  /** Whether what it has for tracing is switched on. */
  readonly isTraced: boolean;
  /** How many jobs are to run at once; nothing where that stays as it ships. */
  readonly concurrency: number | undefined;
}

/** What runs a job. The payload is as it was enqueued. The job fails with it. */
export type Handle = (payload: Trivial) => void | Promise<void>;

/** One queue, open. */
export interface OpenQueue {
  /** Stores a job. Returns when it is as durable as it ever will be. */
  readonly enqueueOne: (payload: Trivial) => Promise<unknown>;
  /** Stores all of them in one call. */
  readonly enqueueMany: (payloads: readonly Trivial[]) => Promise<unknown>;
  /** Stores all of them in one call; when one fails, it is tried again as soon as can be set. */
  readonly enqueueFallible: (payloads: readonly Trivial[]) => Promise<unknown>;
  /** Stores a workflow in one call. Throws where the contender has none. */
  readonly enqueueWorkflow: (workflow: Workflow) => Promise<unknown>;
  /** Stores all of them for an hour from now in one call. */
  readonly schedule: (payloads: readonly Trivial[]) => Promise<unknown>;
  /** Works until it is stopped, which means that every outcome is recorded. */
  readonly work: (handle: Handle, how?: WorkOptions) => Promise<Stop>;
  /** Claims that find nothing, one after the other: how long each took, in ms. */
  readonly claimInVain: (times: number) => Promise<readonly number[]>;
  /** How many jobs have not ended. */
  readonly unfinished: () => Promise<number>;
  /** Disconnects. */
  readonly close: () => Promise<void>;
}

/** What a worker is to expect. */
export interface WorkOptions {
  /** Whether some jobs fail, and only these. Default false. */
  readonly canFail?: boolean;
}

/** What a contender without workflows answers. */
export function noWorkflows(): Promise<never> {
  throw new Error("A contender with workflows was expected: this one has none");
}

/** Stops a worker. */
export type Stop = () => Promise<void>;

/** How long each of some calls took, in ms. */
export async function timed(times: number, call: () => Promise<unknown>): Promise<number[]> {
  const took: number[] = [];
  for (let i = 0; i < times; i++) {
    const startedAt = performance.now();
    await call();
    took.push(performance.now() - startedAt);
  }
  return took;
}
