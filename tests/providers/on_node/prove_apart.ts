/** A test for each check that was made in another process. */

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import type { Traits } from "../stage.ts";
import { whatHolds } from "../what_holds.ts";
import { type Proof, readProofs } from "./proof.ts";

/** `prove` runs the other process and gives what it printed. */
export function proveApart(
  title: string,
  traits: Traits,
  skip: string | false,
  prove: () => Promise<string>,
): void {
  describe(title, { skip }, () => {
    let proofs: readonly Proof[];

    before(async () => {
      proofs = readProofs(await prove());
    }, { timeout: 30_000 });

    for (const { name, applies } of whatHolds) {
      if (applies?.(traits) === false) continue;
      test(name, () => {
        assert.deepEqual(proofs.filter((proof) => proof.name === name), [{ name }]);
      });
    }
  });
}
