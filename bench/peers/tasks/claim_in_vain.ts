/**
 * Claims that find nothing: what every idle worker does again and again.
 *
 * @module
 */
import { median } from "../../report/figures.ts";
import type { OpenQueue } from "../contender.ts";

const WARM_UP = 20;

/** How long such a claim takes, in ms: the median of some. */
export async function claimInVain(
  queue: OpenQueue,
  { times }: { readonly times: number },
): Promise<number> {
  return median((await queue.claimInVain(WARM_UP + times)).slice(WARM_UP));
}
