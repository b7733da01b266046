/** The provider that Deno has by itself, in a process of Deno that sends to a collector here. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { text } from "node:stream/consumers";
import { before, describe, test } from "node:test";
import { openCollector } from "../../everywhere/collector.ts";
import { installedRuntime, MissingRuntime } from "../../legs/installed.ts";
import { whatHolds } from "../what_holds.ts";
import { builtIn } from "./built_in.ts";

interface Proof {
  readonly name: string;
  readonly error?: string;
}

describe("with Deno's own provider", { skip: whyNot() }, () => {
  let proofs: readonly Proof[];

  before(async () => {
    proofs = await proveInDeno();
  }, { timeout: 30_000 });

  for (const { name, applies } of whatHolds) {
    if (applies?.(builtIn) === false) continue;
    test(name, () => {
      const proof = proofs.find((proof) => proof.name === name);
      assert.ok(proof, `expected among: ${proofs.map((proof) => proof.name)}`);
      assert.equal(proof.error, undefined);
    });
  }
});

async function proveInDeno(): Promise<readonly Proof[]> {
  const { endpoint } = await openCollector();
  const { executable } = installedRuntime("Deno", "deno");
  const program = "tests/providers/on_node/prove_in_deno.ts";
  const child = spawn(executable, ["run", "-A", "--no-check", program, endpoint], {
    env: {
      ...process.env,
      OTEL_DENO: "true",
      // The lines that it prints are no logs.
      OTEL_DENO_CONSOLE: "ignore",
      OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
      OTEL_BSP_SCHEDULE_DELAY: "20",
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(child, "exit");
  const printed = await text(child.stdout);
  assert.deepEqual(await ended, [0, null]);
  return printed.trim().split("\n").map((line) => JSON.parse(line) as Proof);
}

function whyNot(): string | false {
  try {
    installedRuntime("Deno", "deno");
    return false;
  } catch (error) {
    if (error instanceof MissingRuntime) return error.message;
    throw error;
  }
}
