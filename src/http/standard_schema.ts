/**
 * The part of Standard Schema (https://standardschema.dev, version 1) that is used here, so that a
 * payload can be checked by zod, valibot, arktype or any other library that has it.
 *
 * @module
 */
import { shown } from "../job/ids.ts";
import { invalidInput } from "./request_error.ts";

/** A schema as Standard Schema has it. */
export interface StandardSchema {
  /** Where the standard puts itself. */
  readonly "~standard": {
    /** The version of the standard. */
    readonly version: 1;
    /** Who made it. */
    readonly vendor: string;
    /** Tells whether a value fits, and what it is read as. */
    readonly validate: (value: unknown) => SchemaResult | Promise<SchemaResult>;
  };
}

/** What a schema says of a value: what it is read as, or what is wrong with it. */
export type SchemaResult =
  | { readonly value: unknown; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

/** One thing that is wrong with a value. */
export interface SchemaIssue {
  /** A sentence. */
  readonly message: string;
  /** Where in the value. */
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** What a payload is read as by its queue's schema. `path` is the payload's own in the request. */
export async function readPayload(
  schema: StandardSchema,
  payload: unknown,
  path: string,
): Promise<unknown> {
  const result = await schema["~standard"].validate(payload);
  if (result.issues === undefined) return result.value;
  const [first] = result.issues;
  throw invalidInput(
    first?.message ?? `The payload does not fit its queue's schema: got ${shown(payload)}`,
    path + (first?.path ?? []).map(step).join(""),
  );
}

function step(part: PropertyKey | { readonly key: PropertyKey }): string {
  const key = typeof part === "object" ? part.key : part;
  return typeof key === "number" ? `[${key}]` : `.${String(key)}`;
}
