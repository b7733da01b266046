/** The provider that Deno has by itself, in a process of Deno that sends to a collector here. */

import { openCollector } from "../../runtimes/collector.ts";
import { builtIn } from "./built_in.ts";
import { proveApart } from "./prove_apart.ts";
import { runApart, whyNot } from "./run_apart.ts";

proveApart("with Deno's own provider", builtIn, whyNot("Deno"), async () => {
  const { endpoint } = await openCollector();
  const program = "tests/providers/on_node/prove_in_deno.ts";
  return await runApart("Deno", ["run", "-A", "--no-check", program, endpoint], {
    OTEL_DENO: "true",
    // The lines that it prints are no logs.
    OTEL_DENO_CONSOLE: "ignore",
    OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
    OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
    OTEL_BSP_SCHEDULE_DELAY: "20",
  });
});
