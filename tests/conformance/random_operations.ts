import { describe, it } from "node:test";
import fc from "fast-check";
import type { JobRecord } from "../../src/store.ts";
import { manualClock } from "./manual_clock.ts";
import { askForTraceEnds, newFixture, type OpenStore, type Suite } from "./fixture.ts";
import { checkInvariants } from "./invariants.ts";
import { type Ending, type Operation, StoreModel } from "./model.ts";

// In parts, because a store may need a connection for each call and a new schema for each run.
const parts = 4;
const runsInPart = 10;

const pick = fc.nat({ max: 1_000 });
const queue = fc.nat({ max: 1 });
const limit = fc.integer({ min: 1, max: 3 });

const add = fc.record({
  do: fc.constant("add" as const),
  queue,
  priority: fc.nat({ max: 2 }),
  delayMs: fc.constantFrom(0, 0, 50),
  maxAttempts: fc.integer({ min: 1, max: 3 }),
  key: fc.option(fc.nat({ max: 3 }), { nil: undefined, freq: 3 }),
  trace: fc.option(fc.nat({ max: 2 }), { nil: undefined, freq: 3 }),
  dependsOn: fc.array(pick, { maxLength: 3 }),
  onDependencyFailure: fc.constantFrom("cancel" as const, "run" as const),
});
const claim = fc.record({ do: fc.constant("claim" as const), queue, limit });
const ending = fc.constantFrom<Ending>(
  "completed",
  "error",
  "snoozed",
  "released",
  "neverStarted",
);
const settle = fc.record({ do: fc.constant("settle" as const), lease: pick, as: ending });

/** Any operation; those that make and end jobs come more often. */
const anyOperation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 5, arbitrary: add },
  { weight: 5, arbitrary: claim },
  { weight: 5, arbitrary: settle },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("extend" as const), lease: pick }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("cancel" as const), job: pick }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("pass" as const), ms: fc.nat({ max: 150 }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("sweep" as const), limit }) },
);

export function describeRandomOperations(open: OpenStore, suite: Suite): void {
  describe("any sequence of operations", () => {
    for (let part = 1; part <= parts; part++) {
      it(`loses no job, runs none twice at once and ends them all (${part} of ${parts})`, async () => {
        const operations = fc.array(anyOperation, { minLength: 10, maxLength: 60, size: "max" });
        const property = fc.asyncProperty(
          operations,
          (operations) => doAll(open, suite, operations),
        );
        await fc.assert(property, { numRuns: runsInPart });
      });
    }
  });
}

async function doAll(
  open: OpenStore,
  { without }: Suite,
  operations: readonly Operation[],
): Promise<void> {
  const clock = manualClock();
  const { store, close } = await open({ now: clock.now });
  try {
    if (!without.includes("traceEnds")) await askForTraceEnds(store);
    const fixture = newFixture(store, clock);
    const model = new StoreModel(fixture, !without.includes("traceEnds"));
    let ended: ReadonlyMap<string, JobRecord> = new Map();
    for (const operation of operations) {
      await model.do(operation);
      ended = await checkInvariants(fixture, model, ended);
    }
    await model.drain();
    await checkInvariants(fixture, model, ended);
  } finally {
    await close();
  }
}
