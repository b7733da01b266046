/** `@sentry/node` 10.x as its documentation sets it up. */

import { createRequire } from "node:module";
import { proveBesideSentry, type Sentry } from "../../providers/beside/sentry.ts";

const require = createRequire(import.meta.url);

proveBesideSentry("@sentry/node 10", () => require("@sentry/node") as Sentry);
