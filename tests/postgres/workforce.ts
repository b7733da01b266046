import { join } from "node:path";
import { type Program, startProgram } from "../sqlite/workers/start_program.ts";
import { temporaryFolder } from "../sqlite/workers/temporary_folder.ts";
import type { Work } from "./programs/work.ts";
import { within } from "./within.ts";
import { type Note, notesIn } from "./run_record.ts";

/** A worker process with the file in which it records what its handlers do. */
export interface WorkerProcess extends Program {
  readonly record: string;
  readonly notes: () => readonly Note[];
}

/** Worker processes over one database. They end with its block. */
export interface Workforce extends AsyncDisposable {
  /** Starts some more, and waits until they work. */
  readonly start: (count: number) => Promise<readonly WorkerProcess[]>;
  /** Ends one as a crash would. */
  readonly kill: (worker: WorkerProcess) => void;
  /** Lets all that still run come to their end, which must be a good one. */
  readonly stop: () => Promise<void>;
  /** What all of them noted, also those that were killed. */
  readonly notes: (what: Note["what"]) => readonly Note[];
}

/** Nobody works at first. */
export function workforce(work: Omit<Work, "record">): Workforce {
  const folder = temporaryFolder();
  const path = new URL("./programs/work.ts", import.meta.url).href;
  const all: WorkerProcess[] = [];
  const killed = new Set<WorkerProcess>();
  const startOne = () => {
    const record = join(folder.path, `worker_${all.length + 1}`);
    const program = startProgram(path, { ...work, record } satisfies Work);
    const worker = { ...program, record, notes: () => notesIn(record) };
    all.push(worker);
    return worker;
  };
  return {
    start: async (count) => {
      const started = Array.from({ length: count }, startOne);
      await Promise.all(started.map(({ said }) => said("ready")));
      return started;
    },
    kill: (worker) => {
      worker.signal("SIGKILL");
      killed.add(worker);
    },
    stop: async () => {
      const running = all.filter((worker) => !killed.has(worker));
      for (const { signal } of running) signal("SIGTERM");
      await within(20_000, Promise.all(running.map(({ ended }) => ended())));
    },
    notes: (what) => all.flatMap(({ notes }) => notes()).filter((note) => note.what === what),
    [Symbol.asyncDispose]: async () => {
      await Promise.all(all.map((worker) => worker[Symbol.asyncDispose]()));
      folder[Symbol.dispose]();
    },
  };
}
