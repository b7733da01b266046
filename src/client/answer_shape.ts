/**
 * Readers of JSON from outside: each returns a value of its type, or throws the path of another
 * value.
 *
 * @module
 */

/** A value that has not the expected type. The message has its path. */
export class UnexpectedShape extends Error {
  constructor(path: string, expected: string, value: unknown) {
    super(`${path} must be ${expected}: got ${nameOf(value)}`);
  }
}

/** Reads the value at a path. */
export type Reader<T> = (value: unknown, path: string) => T;

/** Any JSON, also `null`. */
export const present: Reader<unknown> = (value, path) => {
  if (value !== undefined) return value;
  throw new UnexpectedShape(path, "there", value);
};

/** A string. */
export const text: Reader<string> = (value, path) => {
  if (typeof value === "string") return value;
  throw new UnexpectedShape(path, "text", value);
};

/** A number. */
export const number: Reader<number> = (value, path) => {
  if (typeof value === "number") return value;
  throw new UnexpectedShape(path, "a number", value);
};

/** True or false. */
export const flag: Reader<boolean> = (value, path) => {
  if (typeof value === "boolean") return value;
  throw new UnexpectedShape(path, "true or false", value);
};

/** A time, as a `Date`. */
export const date: Reader<Date> = (value, path) => {
  const read = new Date(typeof value === "string" ? value : NaN);
  if (!Number.isNaN(read.getTime())) return read;
  throw new UnexpectedShape(path, "a time", value);
};

/** One of a few words. */
export function oneOf<T extends string>(words: readonly T[]): Reader<T> {
  return (value, path) => {
    if (words.includes(value as T)) return value as T;
    throw new UnexpectedShape(path, `one of ${words.join(", ")}`, value);
  };
}

/** A value that can be absent or `null`. */
export function optional<T>(read: Reader<T>): Reader<T | undefined> {
  return (value, path) => value === undefined || value === null ? undefined : read(value, path);
}

/** A list. */
export function list<T>(read: Reader<T>): Reader<readonly T[]> {
  return (value, path) => {
    if (Array.isArray(value)) return value.map((one, i) => read(one, `${path}[${i}]`));
    throw new UnexpectedShape(path, "a list", value);
  };
}

/** The readers of an object's fields. */
export type Fields<T> = { readonly [Key in keyof T]-?: Reader<T[Key]> };

/** An object with these fields. All other fields are passed on unread. */
export function object<T extends object>(fields: Fields<T>): Reader<T> {
  const entries = Object.entries(fields) as [string, Reader<unknown>][];
  return (value, path) => {
    const read: Record<string, unknown> = { ...plain(value, path) };
    for (const [name, readField] of entries) {
      const field = readField(read[name], path === "" ? name : `${path}.${name}`);
      if (field !== undefined || name in read) read[name] = field;
    }
    return read as T;
  };
}

function plain(value: unknown, path: string): object {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  throw new UnexpectedShape(path === "" ? "the whole" : path, "an object", value);
}

function nameOf(value: unknown): string {
  if (value === undefined) return "nothing";
  if (value === null) return "null";
  return Array.isArray(value) ? "a list" : typeof value === "object" ? "an object" : typeof value;
}
