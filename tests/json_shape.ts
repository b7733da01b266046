/**
 * Says where JSON is not of the shape that a published protocol gives: a list of sentences, each with
 * the path. Only what the protocol knows may be there.
 */

/** Looks at the value at a path, and reports what is wrong with it. */
export type Check = (value: unknown, path: string, report: (sentence: string) => void) => void;

/** Every way in which a text is not JSON of this shape. */
export function violationsIn(text: string, check: Check): readonly string[] {
  const violations: string[] = [];
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return ["the body must be JSON"];
  }
  check(value, "", (sentence) => violations.push(sentence));
  return violations;
}

/** An object with these fields and no others; those named in `required` must be there. */
export function object(fields: Readonly<Record<string, Check>>, ...required: string[]): Check {
  return (value, path, report) => {
    if (!isObject(value)) return report(`${path} must be an object: got ${shown(value)}`);
    for (const name of required) {
      if (value[name] === undefined) report(`${path}.${name} must be there`);
    }
    for (const [name, field] of Object.entries(value)) {
      const check = Object.hasOwn(fields, name) ? fields[name] : undefined;
      if (check === undefined) report(`${path}.${name} is not known`);
      else check(field, `${path}.${name}`, report);
    }
  };
}

/** A list of such values. */
export function list(check: Check): Check {
  return (value, path, report) => {
    if (!Array.isArray(value)) return report(`${path} must be a list: got ${shown(value)}`);
    value.forEach((item, index) => check(item, `${path}[${index}]`, report));
  };
}

/** A value of which something holds. */
export function where(holds: (value: unknown) => boolean, what: string): Check {
  return (value, path, report) => {
    if (!holds(value)) report(`${path} must be ${what}: got ${shown(value)}`);
  };
}

/** A value that passes all of these. */
export function all(...checks: readonly Check[]): Check {
  return (value, path, report) => checks.forEach((check) => check(value, path, report));
}

/** Any text of whole characters. Halves of surrogate pairs are what JSON can say and UTF-8 cannot. */
export const text: Check = where(
  (value) => typeof value === "string" && value.isWellFormed(),
  "a well-formed string",
);

/** Lower-case hex of this length, not all zeros. */
export function id(digits: number): Check {
  const pattern = new RegExp(`^(?!0+$)[0-9a-f]{${digits}}$`);
  return where(
    (value) => typeof value === "string" && pattern.test(value),
    `${digits} lower-case hex digits, not all zero`,
  );
}

/** A whole number in a range. */
export function whole(least: number, most: number): Check {
  return where(
    (value) => Number.isInteger(value) && Number(value) >= least && Number(value) <= most,
    `a whole number from ${least} to ${most}`,
  );
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function shown(value: unknown): string {
  return (JSON.stringify(value) ?? "nothing").slice(0, 80);
}
