/**
 * Checks of what a caller passes: the errors that refuse it, how these errors show values, and the
 * names of options. In JavaScript nothing else reports a misspelled option.
 *
 * The errors are of the built-in classes that callers expect, in subclasses of their own, so that
 * no other `TypeError` or `RangeError` is taken for a refusal of input.
 *
 * @module
 */

/** A value of a wrong type or shape. */
export class InputTypeError extends TypeError {
  /** The part of the input, such as `[2].dependsOn[0]`; empty for the whole. */
  path = "";
}

/** A value out of its range. */
export class InputRangeError extends RangeError {
  /** The part of the input, such as `[2].dependsOn[0]`; empty for the whole. */
  path = "";
}

/** A reference to a job that is not stored. */
export class UnknownJobError extends InputRangeError {
  /** Its id. */
  readonly jobId: string;

  /** Makes the error for the id of the job. */
  constructor(message: string, jobId: string) {
    super(message);
    this.jobId = jobId;
  }
}

/** Whether an error is a refusal of input. */
export function isInputError(error: unknown): error is InputTypeError | InputRangeError {
  return error instanceof InputTypeError || error instanceof InputRangeError;
}

/** The same error, with this part before its path. */
export function inPart(error: unknown, part: string): unknown {
  if (isInputError(error)) {
    const joint = error.path === "" || error.path.startsWith("[") ? "" : ".";
    error.path = part + joint + error.path;
  }
  return error;
}

/**
 * A value as an error message shows it: a string in quotes, shortened, on one line; else its type.
 */
export function shown(value: unknown): string {
  if (typeof value !== "string") return value === null ? "null" : typeof value;
  return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value);
}

/** Refuses what is not a whole number within its range. */
export function checkInteger(name: string, value: unknown, least: number, most: number): number {
  if (Number.isInteger(value) && least <= (value as number) && (value as number) <= most) {
    return value as number;
  }
  throw new InputRangeError(
    `${name} must be a whole number from ${least} to ${most}: got ` +
      (typeof value === "number" ? value : shown(value)),
  );
}

/** Exactly the names of some options, as keys. */
export type OptionNames<Options> = {
  readonly [Name in keyof Required<Options>]: unknown;
};

/**
 * Refuses what is not a plain object, and an unknown option.
 *
 * @param whose What the options belong to, for the message, such as `A worker`.
 */
export function checkOptionNames<Options extends object>(
  whose: string,
  options: Options,
  names: OptionNames<NoInfer<Options>>,
): void {
  checkIsOptions(whose, options);
  for (const name of Object.keys(options)) {
    if (!Object.hasOwn(names, name)) throw unknownOption(whose, name, names);
  }
}

/** The error for an unknown option. */
export function unknownOption(whose: string, name: string, names: object): InputTypeError {
  const known = Object.keys(names);
  const has = known.length === 0
    ? `${whose} has no options`
    : `${whose}'s ${known.length === 1 ? "option is" : "options are"} ${known.join(", ")}`;
  return new InputTypeError(`${has}: got ${shownWithNearest(name, known)}`);
}

/** An unknown name as an error message shows it, with the nearest known name. */
export function shownWithNearest(name: string, names: readonly string[]): string {
  const nearest = nearestName(name, names);
  return shown(name) + (nearest === undefined ? "" : `; did you mean ${nearest}?`);
}

/** An array, a `Map` or a promise has no own names, so its content would be ignored. */
function checkIsOptions(whose: string, options: unknown): void {
  const kind = Object.prototype.toString.call(options).slice("[object ".length, -1);
  // What `import * as options` gives is an object with names too.
  if (kind === "Object" || kind === "Module") return;
  const isOther = typeof options === "object" && options !== null;
  const got = isOther ? `${/^[AEIOU]/.test(kind) ? "an" : "a"} ${kind}` : shown(options);
  throw new InputTypeError(`${whose}'s options must be an object: got ${got}`);
}

/** The nearest name, if one is near. */
export function nearestName(name: string, names: readonly string[]): string | undefined {
  let nearest: string | undefined;
  let least = Infinity;
  for (const one of names) {
    const distance = distanceOf(name.toLowerCase(), one.toLowerCase());
    if (distance >= least) continue;
    least = distance;
    nearest = one;
  }
  return nearest;
}

/** The distance between two names; `Infinity` if they have too little in common. */
function distanceOf(a: string, b: string): number {
  const [shorter, longer] = a.length < b.length ? [a, b] : [b, a];
  // Any name can come from elsewhere, however long.
  if (longer.length - shorter.length <= MOST_MISTAKES) {
    const mistakes = countMistakes(a, b);
    if (mistakes <= MOST_MISTAKES && mistakes * 3 <= Math.max(longer.length, 3)) return mistakes;
  }
  // The beginning of a name, such as `queue` for `queueName`.
  return shorter.length >= 4 && longer.startsWith(shorter) ? MOST_MISTAKES + 1 : Infinity;
}

const MOST_MISTAKES = 2;

/**
 * How many letters are missing, too many, wrong, or swapped with the next (Damerau–Levenshtein).
 */
function countMistakes(a: string, b: string): number {
  let beforeLast: readonly number[] = [];
  let last: readonly number[] = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const wrong = last[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      const isSwapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const swapped = isSwapped ? beforeLast[j - 2]! + 1 : Infinity;
      row.push(Math.min(wrong, swapped, last[j]! + 1, row[j - 1]! + 1));
    }
    [beforeLast, last] = [last, row];
  }
  return last[b.length]!;
}
