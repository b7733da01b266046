/** Processes that claim as fast as they can, while all queues are paused and resumed again and again. */
import assert from "node:assert/strict";
import { hasEnded, type Store } from "../src/store.ts";
import { jobInput } from "./conformance/inputs.ts";
import type { Claimer } from "./sqlite/workers/claim.ts";
import { startProgram } from "./sqlite/workers/start_program.ts";
import { until } from "./until.ts";

const program = new URL("./sqlite/workers/claim.ts", import.meta.url).href;

/** How many jobs have ever been claimed. None is released, swept or retried here. */
async function claimedCount(store: Store): Promise<number> {
  const counts = await store.counts();
  return counts.reduce(
    (sum, { status, count }) => status === "running" || hasEnded(status) ? sum + count : sum,
    0,
  );
}

/** After the answer to a pause, nothing is claimed any more, whoever is claiming. */
export async function racePauses(
  store: Store,
  place: Omit<Claimer, "takes">,
  { claimers, takers, rounds }: {
    readonly claimers: number;
    readonly takers: number;
    readonly rounds: number;
  },
): Promise<void> {
  const start = (takes: boolean) => startProgram(program, { ...place, takes } satisfies Claimer);
  await using processes = new AsyncDisposableStack();
  const all = [
    ...Array.from({ length: claimers }, () => processes.use(start(false))),
    ...Array.from({ length: takers }, () => processes.use(start(true))),
  ];
  await Promise.all(all.map(({ said }) => said("ready")));
  for (let round = 1; round <= rounds; round++) {
    await store.add(Array.from({ length: 2_000 }, () => jobInput()));
    const before = await claimedCount(store);
    await until(
      "they claim",
      30_000,
      async () => await claimedCount(store) > before + 20 * all.length,
    );
    await store.configure({ pause: { reason: `round ${round}` } });
    const claimed = await claimedCount(store);
    await Promise.all(all.map(({ said }) => said(`paused ${round}.`)));
    assert.equal(await claimedCount(store), claimed, `Round ${round}: claimed after the answer`);
    await store.configure({ pause: null });
    await Promise.all(all.map(({ said }) => said(`resumed ${round}.`)));
  }
  for (const { signal } of all) signal("SIGTERM");
  await Promise.all(all.map(({ ended }) => ended()));
}
