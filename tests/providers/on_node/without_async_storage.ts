/** What is known of `initTracing` on a runtime that has no AsyncLocalStorage. */

import type { Traits } from "../stage.ts";

export const withoutAsyncStorage: Traits = {
  isOurs: true,
  context: "none",
  tellsSampling: false,
  isBuiltIn: false,
};
