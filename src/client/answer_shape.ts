/**
 * Reading JSON that came from elsewhere: each reader gives a value of its type, or says where something
 * else stands.
 *
 * @module
 */

/** What is not what it should be: a sentence with its path. */
export class UnexpectedShape extends Error {
  constructor(path: string, expected: string, value: unknown) {
    super(`${path} must be ${expected}: got ${nameOf(value)}`);
  }
}

/** Reads a value that stands at a path. */
export type Reader<T> = (value: unknown, path: string) => T;

/** JSON of any kind, `null` too. */
export const present: Reader<unknown> = (value, path) => {
  if (value !== undefined) return value;
  throw new UnexpectedShape(path, "there", value);
};

/** Text. */
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

/** A time, as a date. */
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

/** What may be left out. */
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

/** An object: these fields as they are read, and all others as they came. */
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
