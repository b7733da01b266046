/** The provider that Deno has by itself, in a process of Deno that sends to a collector here. */

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { openCollector } from "../../everywhere/collector.ts";
import { whatHolds } from "../what_holds.ts";
import { builtIn } from "./built_in.ts";
import { type Proof, readProofs } from "./proof.ts";
import { runApart, whyNot } from "./run_apart.ts";

describe("with Deno's own provider", { skip: whyNot("Deno") }, () => {
  let proofs: readonly Proof[];

  before(async () => {
    proofs = await proveInDeno();
  }, { timeout: 30_000 });

  for (const { name, applies } of whatHolds) {
    if (applies?.(builtIn) === false) continue;
    test(name, () => {
      assert.deepEqual(proofs.filter((proof) => proof.name === name), [{ name }]);
    });
  }
});

async function proveInDeno(): Promise<readonly Proof[]> {
  const { endpoint } = await openCollector();
  const program = "tests/providers/on_node/prove_in_deno.ts";
  return readProofs(
    await runApart("Deno", ["run", "-A", "--no-check", program, endpoint], {
      OTEL_DENO: "true",
      // The lines that it prints are no logs.
      OTEL_DENO_CONSOLE: "ignore",
      OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
      OTEL_BSP_SCHEDULE_DELAY: "20",
    }),
  );
}
