import type { Traits } from "../stage.ts";

/** What is known of Deno's own provider. */
export const builtIn: Traits = {
  isOurs: false,
  context: "kept",
  tellsSampling: false,
  isBuiltIn: true,
};
