import { describe, it } from "node:test";
import fc from "fast-check";
import type { JobRecord } from "../../src/job/record.ts";
import { type AnyOperation, anyOperation } from "./any_operation.ts";
import { manualClock } from "../runtimes/manual_clock.ts";
import { checkInvariants } from "./invariants.ts";
import { newScene } from "./scene.ts";
import type { OpenStore } from "./test_store.ts";
import { World } from "./world.ts";

// In parts, because a store may need a connection for each call and a new schema for each run.
const parts = 4;
const runsInPart = 10;

export function describeRandomOperations(open: OpenStore): void {
  describe("any sequence of operations", () => {
    for (let part = 1; part <= parts; part++) {
      it(`loses no job, runs none twice at once and ends them all (${part} of ${parts})`, async () => {
        const operations = fc.array(anyOperation, { minLength: 10, maxLength: 60, size: "max" });
        const property = fc.asyncProperty(operations, (operations) => doAll(open, operations));
        await fc.assert(property, { numRuns: runsInPart });
      });
    }
  });
}

async function doAll(open: OpenStore, operations: readonly AnyOperation[]): Promise<void> {
  const clock = manualClock();
  const { store, close } = await open({ now: clock.now });
  try {
    const scene = newScene(store, clock);
    const world = new World(scene);
    let ended: ReadonlyMap<string, JobRecord> = new Map();
    for (const operation of operations) {
      await world.do(operation);
      ended = await checkInvariants(scene, world, ended);
    }
    await world.drain();
    await checkInvariants(scene, world, ended);
  } finally {
    await close();
  }
}
