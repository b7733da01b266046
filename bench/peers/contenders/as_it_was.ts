/**
 * A contender of this repository at another state of it, beside which progress is seen in one run: a
 * checkout whose benchmarks have been compiled.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Contender } from "../contender.ts";

const compiled = "bench/peers/.build/bench/peers/contenders/hammerwork.js";

/** The contender as that checkout has it; nothing where no checkout is given. */
export function asItWas(contender: Contender, checkout: string | undefined): readonly Contender[] {
  if (checkout === undefined) return [];
  const path = join(checkout, compiled);
  if (!existsSync(path)) throw new Error(`A compiled checkout was expected: got no ${path}`);
  const { name, settings } = contender;
  return [{
    ...contender,
    name: `${name}, before`,
    nameThere: name,
    settings: `an earlier state of it; ${settings}`,
    module: pathToFileURL(path).href,
  }];
}
