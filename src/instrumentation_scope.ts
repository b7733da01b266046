/**
 * The instrumentation scope of every span and metric of the library.
 *
 * @module
 */
import { version } from "./version.ts";

/** The library, and the version of OpenTelemetry's semantic conventions that it follows. */
export const instrumentationScope: {
  readonly name: string;
  readonly version: string;
  readonly schemaUrl: string;
} = {
  name: "hammerwork",
  version,
  schemaUrl: "https://opentelemetry.io/schemas/1.44.0",
};
