/**
 * The `OTEL_*` environment variables, by the OpenTelemetry specification: an empty one is unset, and
 * one that cannot be read is ignored with a warning rather than stopping the application.
 *
 * @module
 */

/** Environment variables by their names. */
export type Variables = Readonly<Record<string, string | undefined>>;

/** Reads one variable; `undefined` where the runtime has none or does not let us see it. */
export function readVariable(name: string, variables: Variables | undefined): string | undefined {
  try {
    const { process } = globalThis as { process?: { env?: Variables } };
    return (variables ?? process?.env)?.[name]?.trim() || undefined;
  } catch {
    // Deno without --allow-env throws NotCapable.
    return undefined;
  }
}

/** Whether a variable is set to `true`, in any case; any other value means no. */
export function isTrue(name: string, variables: Variables | undefined): boolean {
  return readVariable(name, variables)?.toLowerCase() === "true";
}

/**
 * Reads a list such as `api-key=abc,team=a%20b`, percent-decoded. One entry that cannot be read
 * makes the whole list unread, as the specification wants: half a list misleads.
 */
export function readPairs(
  name: string,
  variables: Variables | undefined,
): Record<string, string> {
  const entries = (readVariable(name, variables) ?? "").split(",").filter((entry) => entry.trim());
  try {
    return Object.fromEntries(entries.map(readPair));
  } catch {
    // Not a word of the value: headers are secrets.
    console.warn(`${name} must be a list of percent-encoded key=value pairs: it is ignored`);
    return {};
  }
}

function readPair(entry: string): [string, string] {
  const [, key, value] = /^\s*([^=\s]+)\s*=(.*)$/s.exec(entry) ?? [];
  if (key === undefined || value === undefined) throw new TypeError("no key=value");
  return [decodeURIComponent(key), decodeURIComponent(value.trim())];
}
