/**
 * Claims that find nothing, which every idle worker repeats for ever.
 *
 * @module
 */
import { quantile } from "../report/figures.ts";
import { openStore } from "./open_store.ts";

/** Where to ask, and how often at each place. */
export interface IdleClaims {
  readonly addresses: readonly string[];
  readonly claims: number;
}

/** The median of a claim at each place, in ms. The places take turns. */
export async function idleClaim({ addresses, claims }: IdleClaims): Promise<readonly number[]> {
  const stores = await Promise.all(addresses.map(openStore));
  const took = stores.map((): number[] => []);
  for (let i = 0; i < claims; i++) {
    for (const [place, store] of stores.entries()) {
      const askedAt = performance.now();
      const { claimed } = await store.settleAndClaim({ settlements: [], claims: [claim] });
      took[place]!.push(performance.now() - askedAt);
      if (claimed.length > 0) throw new Error(`No job must be ready: got ${claimed.length}`);
    }
  }
  await Promise.all(stores.map((store) => store.close()));
  return took.map((one) => quantile(one, 0.5));
}

const claim = { queueName: "trivial", limit: 10, leaseMs: 30_000 };
