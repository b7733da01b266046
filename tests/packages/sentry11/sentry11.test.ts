/** `@sentry/node` 11.x as its documentation sets it up, which registers its tracer with OpenTelemetry with an option. */

import { createRequire } from "node:module";
import { proveBesideSentry, type Sentry } from "../../providers/beside/sentry.ts";

const require = createRequire(import.meta.url);

proveBesideSentry("@sentry/node 11", () => require("@sentry/node") as Sentry, {
  enableOpenTelemetrySetup: true,
});
