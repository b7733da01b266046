/**
 * The `OTEL_*` environment variables, by the OpenTelemetry specification: an empty one is unset, and
 * one that is not valid is ignored with a warning.
 *
 * @module
 */

/** Variables by name: of the process, or the bindings of a Worker, whose values may be no text. */
export type Variables = object | undefined;

/** Reads one variable; `undefined` where it is not set or the runtime denies access. */
export function readVariable(name: string, variables: Variables): string | undefined {
  try {
    const { process } = globalThis as { process?: { env?: object } };
    const { [name]: value } = (variables ?? process?.env ?? {}) as Record<string, unknown>;
    return typeof value === "string" ? value.trim() || undefined : undefined;
  } catch {
    // Deno without --allow-env throws NotCapable.
    return undefined;
  }
}

/** The first of these variables that is set. */
export function readFirst(
  names: readonly string[],
  variables: Variables,
): { readonly name: string; readonly value: string } | undefined {
  for (const name of names) {
    const value = readVariable(name, variables);
    if (value !== undefined) return { name, value };
  }
  return undefined;
}

/** Whether a variable is `true`, in upper or lower case. */
export function isTrue(name: string, variables: Variables): boolean {
  return readVariable(name, variables)?.toLowerCase() === "true";
}

/** Reads a whole number, at least 1, from the first of these variables that is set. */
export function readCount(names: readonly string[], variables: Variables): number | undefined {
  const found = readFirst(names, variables);
  if (found === undefined) return undefined;
  const count = /^\d+$/.test(found.value) ? Number(found.value) : NaN;
  if (count >= 1 && count <= 0x7fff_ffff) return count;
  warnIgnored(found.name, "be a whole number from 1 to 2147483647");
  return undefined;
}

/**
 * Reads a list such as `api-key=abc,team=a%20b`, percent-decoded. One entry that is not valid makes
 * the whole list ignored, as the specification says.
 */
export function readPairs(
  names: readonly string[],
  variables: Variables,
  check: (pairs: Record<string, string>) => unknown = () => {},
): Record<string, string> {
  const found = readFirst(names, variables);
  if (found === undefined) return {};
  try {
    const entries = found.value.split(",").filter((entry) => entry.trim());
    const pairs = Object.fromEntries(entries.map(readPair));
    check(pairs);
    return pairs;
  } catch {
    warnIgnored(found.name, "be a list of percent-encoded key=value pairs");
    return {};
  }
}

/** Warns of a variable without its value, as headers are secrets. */
export function warnIgnored(name: string, expected: string): void {
  console.warn(`${name} must ${expected}: it is ignored`);
}

function readPair(entry: string): [string, string] {
  const [, key, value] = /^\s*([^=\s]+)\s*=(.*)$/s.exec(entry) ?? [];
  if (key === undefined || value === undefined) throw new TypeError("no key=value");
  return [decodeURIComponent(key), decodeURIComponent(value.trim())];
}
