import type { Body, Options } from "./registry.ts";

export interface Definition<B> {
  readonly name: string;
  readonly options: Options;
  readonly body: B;
}

const knownOptions = ["timeout", "skip", "todo"];

/** Reads the arguments of a test or suite: `([name], [options], [body])`. */
export function readDefinition<B extends Body>(
  definition: readonly (string | Options | B)[],
): Definition<B> {
  const body = definition.find((part) => typeof part === "function");
  const name = definition.find((part) => typeof part === "string") ?? body?.name ?? "";
  const options = definition.find((part) => typeof part === "object") ?? {};
  refuseUnknown(name, options);
  if (body && body.length > 1) {
    throw new TypeError(`"${name}" was expected to return a promise, but takes a callback.`);
  }
  const isMarked = Boolean(options.skip || options.todo);
  // A test without a body passes in node:test; here it is not counted as one that ran.
  return {
    name,
    options: body || isMarked ? options : { ...options, todo: true },
    body: body ?? (() => {}) as unknown as B,
  };
}

function refuseUnknown(name: string, options: Options): void {
  const unknown = Object.keys(options).find((option) => !knownOptions.includes(option));
  if (unknown !== undefined) {
    const known = knownOptions.join(", ");
    throw new TypeError(`"${name}" was expected to use only ${known}, but uses ${unknown}.`);
  }
}
