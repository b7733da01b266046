/**
 * A process of Deno with `OTEL_DENO=true`, whose provider is there before any code runs:
 * `deno run prove_in_deno.ts <endpoint of a collector>`.
 */

import { context, propagation, trace } from "@opentelemetry/api";
import process from "node:process";
import * as library from "../../../mod.ts";
import { type OtlpSpan, spansIn } from "../../runtimes/otlp_spans.ts";
import { userOf } from "../user.ts";
import { builtIn } from "./built_in.ts";
import { printProofs } from "./proof.ts";

const [endpoint] = process.argv.slice(2);

await printProofs({
  ...builtIn,
  ...userOf({ trace, context, propagation }),
  library,
  spansOf,
  takeDown: () => Promise.resolve(),
});

/** Nothing can flush this provider, which sends by itself every few milliseconds. */
async function spansOf(wanted: string, expected: number): Promise<readonly OtlpSpan[]> {
  for (let patience = 300;; patience--) {
    const found = (await exported()).filter(({ traceId }) => traceId === wanted);
    if (found.length >= expected || patience === 0) return found;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

async function exported(): Promise<readonly OtlpSpan[]> {
  const received = await (await fetch(endpoint!)).json() as { path: string; body: string }[];
  return received
    .filter(({ path }) => path === "/v1/traces")
    .flatMap(({ body }) => spansIn(JSON.parse(body)))
    .map(withoutEmptyParent);
}

/** Deno writes the parent of a root as an empty text. */
function withoutEmptyParent({ parentSpanId, ...span }: OtlpSpan): OtlpSpan {
  return parentSpanId ? { ...span, parentSpanId } : span;
}
