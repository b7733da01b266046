/** A user of OpenTelemetry's API beside the library. */

import type {
  context as contextApi,
  propagation as propagationApi,
  trace as traceApi,
} from "@opentelemetry/api";
import { forgetRegistry } from "./registry.ts";
import type { Stage } from "./stage.ts";

/** The user's copy of the API, which need not be the library's. */
export interface Api {
  readonly trace: typeof traceApi;
  readonly context: typeof contextApi;
  readonly propagation: typeof propagationApi;
}

/** What a user does. */
export function userOf({ trace }: Api): Pick<Stage, "inSpan" | "activeSpan"> {
  return {
    inSpan: (name, call) =>
      trace.getTracer("user").startActiveSpan(name, async (span) => {
        try {
          return { result: await call(), span: span.spanContext() };
        } finally {
          span.end();
        }
      }),
    activeSpan: () => trace.getActiveSpan()?.spanContext(),
  };
}

/** Takes back what a user registered: all tests of a runtime may share one process. */
export function unregister({ trace, context, propagation }: Api): void {
  trace.disable();
  context.disable();
  propagation.disable();
  forgetRegistry();
}
