/**
 * Modules of the runtime itself, such as `node:fs`. An import of one would fail where it is missing.
 *
 * @module
 */

type ModuleSource = {
  process?: { getBuiltinModule?: (name: string) => unknown };
};

/** A module of the runtime, in the part that the caller uses; `undefined` where it has none. */
export function builtinModule<Module>(name: `node:${string}`): Module | undefined {
  return (globalThis as ModuleSource).process?.getBuiltinModule?.(name) as Module | undefined;
}
