/**
 * Where an earlier list ended.
 *
 * @module
 */
import { isCursor } from "../queue/lookup.ts";
import { UsageError } from "./errors.ts";
import type { Given } from "./given.ts";

/** The option `--cursor`. */
export function readCursor(given: Given): string | undefined {
  const text = given.text("cursor");
  if (text === undefined || isCursor(text)) return text;
  throw new UsageError(
    `--cursor must be one that an earlier list ended with: got ${JSON.stringify(text)}`,
  );
}
