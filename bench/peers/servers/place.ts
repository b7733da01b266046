/**
 * Where one measurement has its jobs: nobody was there before.
 *
 * @module
 */

/** How a place is put in order. */
export interface Settling {
  /** Whether the planner of a database may look at what is there. Default true. */
  readonly analyzes?: boolean;
}

/** A place of its own on a server. It is gone with its block. */
export interface Place extends AsyncDisposable {
  /** What a contender connects to. */
  readonly address: string;
  /** The process whose CPU time is the server's. */
  readonly serverPid: number | undefined;
  /** Gets work out of the way that would else be done while something is measured. */
  readonly settle: (how?: Settling) => Promise<void>;
  /** Another place that is as this one is now, where nobody may be connected; only of databases. */
  readonly copy?: () => Promise<Place>;
}

/** A server that gives places. It ends with its block. */
export interface RunningServer extends AsyncDisposable {
  /** Its name and version. */
  readonly version: string;
}
