import type { Traits } from "../stage.ts";

/** What is known of Deno's own provider. */
export const builtIn: Traits = {
  isOurs: false,
  keepsContext: true,
  tellsSampling: false,
  isBuiltIn: true,
};
