/**
 * Records the calls between functions of the library: a breakpoint at the beginning of each function
 * notes the file that it is in and the file of the code that called it.
 *
 * @module
 */
import { type Debugger, type Profiler, Session } from "node:inspector";

/** A call of one function of the library by another. */
export interface Call {
  /** The name of the called function; empty for one that has none. */
  readonly name: string;
  /** The file it is in. */
  readonly file: string;
  /** The file of the code below it on the stack; `undefined` where the runtime called it. */
  readonly caller: string | undefined;
}

/**
 * Runs `warmUp`, to learn which functions there are, and then each of the trips.
 *
 * @returns The calls of each trip, in their order.
 */
export async function recordCalls(
  root: string,
  warmUp: () => Promise<void>,
  trips: readonly (() => Promise<unknown>)[],
): Promise<readonly (readonly Call[])[]> {
  const recorder = new Recorder(root);
  try {
    await recorder.watch(warmUp);
    const calls: (readonly Call[])[] = [];
    for (const trip of trips) calls.push(await recorder.record(trip));
    return calls;
  } finally {
    recorder.end();
  }
}

class Recorder {
  readonly #session = new Session();
  // The library's files, by the id that V8 gives to a script.
  readonly #files = new Map<string, string>();
  #calls: Call[] = [];

  constructor(root: string) {
    const inLibrary = (url: string) => url === `${root}mod.ts` || url.startsWith(`${root}src/`);
    this.#session.connect();
    this.#session.on("Debugger.scriptParsed", ({ params: { scriptId, url } }) => {
      if (inLibrary(url)) this.#files.set(scriptId, url.slice(root.length));
    });
    this.#session.on("Debugger.paused", ({ params }) => this.#note(params.callFrames));
    this.#session.post("Debugger.enable");
    this.#session.post("Profiler.enable");
  }

  /** Sets a breakpoint in each function that is called meanwhile. */
  async watch(work: () => Promise<void>): Promise<void> {
    this.#session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: false });
    await work();
    const scripts = this.#takeCoverage().filter(({ scriptId }) => this.#files.has(scriptId));
    this.#session.post("Profiler.stopPreciseCoverage");
    for (const { scriptId, functions } of scripts) {
      const locationOf = locator(scriptId, this.#sourceOf(scriptId));
      for (const { ranges: [range] } of functions) {
        // A module's own code is run once, when it is loaded.
        if (range === undefined || range.count === 0 || range.startOffset === 0) continue;
        this.#breakIn(locationOf(range.startOffset), locationOf(range.endOffset));
      }
    }
  }

  async record(work: () => Promise<unknown>): Promise<readonly Call[]> {
    this.#calls = [];
    await work();
    return this.#calls;
  }

  end(): void {
    this.#session.disconnect();
  }

  #note(frames: readonly Debugger.CallFrame[]): void {
    const [called, ...below] = frames.filter(({ location }) => this.#files.has(location.scriptId));
    if (called === undefined) return;
    this.#calls.push({
      name: called.functionName,
      file: this.#files.get(called.location.scriptId)!,
      caller: below[0] && this.#files.get(below[0].location.scriptId),
    });
  }

  #takeCoverage(): readonly Profiler.ScriptCoverage[] {
    let scripts: readonly Profiler.ScriptCoverage[] = [];
    this.#session.post("Profiler.takePreciseCoverage", (_, { result }) => scripts = result);
    return scripts;
  }

  #sourceOf(scriptId: string): string {
    let source = "";
    this.#session.post(
      "Debugger.getScriptSource",
      { scriptId },
      (_, { scriptSource }) => source = scriptSource,
    );
    return source;
  }

  /** At the first place of a function where it can be; a function that does nothing has none. */
  #breakIn(start: Debugger.Location, end: Debugger.Location): void {
    this.#session.post(
      "Debugger.getPossibleBreakpoints",
      { start, end, restrictToFunction: true },
      (_, { locations: [location] }) => {
        if (location) this.#session.post("Debugger.setBreakpoint", { location });
      },
    );
  }
}

/** Gives the line and the column of an offset. */
function locator(scriptId: string, source: string): (offset: number) => Debugger.Location {
  const lineStarts = [0, ...[...source.matchAll(/\n/g)].map(({ index }) => index + 1)];
  return (offset) => {
    const lineNumber = lineStarts.filter((start) => start <= offset).length - 1;
    return { scriptId, lineNumber, columnNumber: offset - lineStarts[lineNumber]! };
  };
}
