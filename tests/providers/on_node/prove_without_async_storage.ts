/**
 * A process in which the library finds no AsyncLocalStorage: Node, Bun or Deno without the function
 * that gives it, and workerd without `nodejs_compat`.
 */

import { context, propagation, trace } from "@opentelemetry/api";
import { newSpanKeeper } from "../kept.ts";
import { enqueueEarly } from "../stage.ts";
import { userOf } from "../user.ts";
import { printProofs } from "./proof.ts";
import { withoutAsyncStorage } from "./without_async_storage.ts";

const isWorkerd = navigator.userAgent === "Cloudflare-Workers";

/** What workerd calls. */
const worker: { readonly test: () => Promise<void> } = { test: prove };
export default worker;

if (!isWorkerd) {
  Object.defineProperty(globalThis.process, "getBuiltinModule", { value: undefined });
  await prove();
}

async function prove(): Promise<void> {
  // Only now, because the library looks for AsyncLocalStorage when it is loaded.
  const library = await import("../../../mod.ts");
  const { initTracing } = await import("../../../src/tracing.ts");
  const { newAsyncStorage } = await import("../../../src/trace/scope.ts");
  if (newAsyncStorage() !== undefined) throw new Error("No AsyncLocalStorage was expected.");
  const keeper = newSpanKeeper();
  const early = await enqueueEarly(library);
  const tracing = await initTracing({ env: {}, spanProcessors: [keeper.processor] });
  await printProofs({
    ...withoutAsyncStorage,
    ...userOf({ trace, context, propagation }),
    library,
    early,
    spansOf: keeper.spansOf,
    takeDown: () => tracing.shutdown(),
  });
  await tracing.shutdown();
}
