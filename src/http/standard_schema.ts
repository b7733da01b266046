/**
 * The part of Standard Schema (https://standardschema.dev, version 1) that checks payloads: Zod, Valibot,
 * ArkType and other libraries implement it.
 *
 * @module
 */
import { shown } from "../job/checks.ts";
import { invalidInput } from "./request_error.ts";

/** A schema that implements Standard Schema. */
export interface StandardSchema {
  /** The properties of the standard. */
  readonly "~standard": {
    /** The version of the standard. */
    readonly version: 1;
    /** The name of the library. */
    readonly vendor: string;
    /** Checks a value, and may convert it. */
    readonly validate: (value: unknown) => SchemaResult | Promise<SchemaResult>;
  };
}

/** The result of a check: the value, possibly converted, or issues. */
export type SchemaResult =
  | { readonly value: unknown; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

/** An issue of a value. */
export interface SchemaIssue {
  /** What is wrong. */
  readonly message: string;
  /** Where it is wrong. */
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** A payload as the schema of its queue converts it. `path` is the path of the payload in the request. */
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
