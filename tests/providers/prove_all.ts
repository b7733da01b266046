/** Registers the checks with the test runner, around one provider. */

import { after, before, describe, test } from "node:test";
import { forgetRegistry } from "./registry.ts";
import type { Stage, Traits } from "./stage.ts";
import { whatHolds } from "./what_holds.ts";

/** Proves on one provider all that holds with every one. */
export function proveAll(
  provider: string,
  traits: Traits,
  setUp: () => Promise<Stage>,
): void {
  describe(`with ${provider}`, () => {
    let stage: Stage;
    before(async () => {
      forgetRegistry();
      stage = await setUp();
    });
    after(async () => {
      await stage.takeDown();
      forgetRegistry();
    });

    for (const { name, applies, prove } of whatHolds) {
      if (applies?.(traits) !== false) test(name, () => prove(stage));
    }
  });
}
