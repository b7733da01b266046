/**
 * What every span and every metric of the library says of where it comes from.
 *
 * @module
 */
import { version } from "./version.ts";

/** The library, and the semantic conventions that its names are from. */
export const instrumentationScope: {
  readonly name: string;
  readonly version: string;
  readonly schemaUrl: string;
} = {
  name: "hammerwork",
  version,
  schemaUrl: "https://opentelemetry.io/schemas/1.44.0",
};
