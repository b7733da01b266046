/**
 * Names in SQL. They are the only thing that is ever written into a statement; values are parameters.
 *
 * @module
 */
import { InputRangeError } from "../../job/input_error.ts";
import { shown } from "../../job/ids.ts";

/** Refuses what is not a schema name: a lower-case letter, then up to 47 letters, digits or `_`. */
export function checkSchemaName(schema: string): string {
  if (/^[a-z][a-z0-9_]{0,47}$/.test(schema)) return schema;
  throw new InputRangeError(
    "A schema must be a lower-case letter, then up to 47 lower-case letters, digits or _: got " +
      shown(schema),
  );
}

/** A name as SQL writes it. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A text as SQL writes it. */
export function quotedText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
