/** Datadog's tracer 6, registered with OpenTelemetry as its documentation says. */

import { createRequire } from "node:module";
import process from "node:process";
import { datadogSpansIn } from "../../providers/beside/datadog_spans.ts";
import { proveBeside } from "../../providers/beside/prove_beside.ts";

/** What is used of it. */
interface Datadog {
  readonly tracer: {
    init(options: Readonly<Record<string, unknown>>): void;
    setUrl(url: string): void;
    readonly TracerProvider: new () => { register(): void };
  };
}

const require = createRequire(import.meta.url);

proveBeside({
  title: "dd-trace 6",
  calls: ["fetch", "http"],
  setUp: async (openBackend) => {
    process.env.DD_INSTRUMENTATION_TELEMETRY_ENABLED = "false";
    process.env.DD_REMOTE_CONFIGURATION_ENABLED = "false";
    // What `node --import dd-trace/register.js` does: else modules of Node are not looked into.
    require("dd-trace/register.js");
    const { tracer } = require("dd-trace") as Datadog;
    tracer.init({ startupLogs: false, flushInterval: 10 });
    const provider = new tracer.TracerProvider();
    provider.register();
    const backend = await openBackend();
    tracer.setUrl(`http://127.0.0.1:${backend.port}`);
    return { flush: () => Promise.resolve(), arrived: () => datadogSpansIn(backend.sent) };
  },
});
