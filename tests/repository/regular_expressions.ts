/** The regular expressions of the library, read from its text, and inputs that are hard for them. */

import fc from "fast-check";
import { readFileSync } from "node:fs";
import process from "node:process";

export interface Found {
  readonly file: string;
  readonly pattern: RegExp;
}

/** Every regular expression that stands in a file. */
export function regularExpressionsIn(file: string): readonly Found[] {
  const source = readFileSync(file, "utf8");
  return literalsIn(source).map(({ body, flags }) => ({ file, pattern: new RegExp(body, flags) }));
}

interface Literal {
  readonly body: string;
  readonly flags: string;
}

const COMMENT = /\/\/.*|\/\*[^]*?\*\/|#!.*/y;
const STRING = /"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'/y;
const TEMPLATE_PART = /[`}](?:[^`\\$]|\\[^]|\$(?!\{))*(?:`|\$\{)/y;
const REGULAR_EXPRESSION = /\/((?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+)\/([a-z]*)/y;
const WORD = /[\w$]+/y;
/** After these a slash divides nothing. */
const BEFORE = /(?:^|[(,=:[!&|?{};+*%<>~^-]|\b(?:return|typeof|case|in|of|void|throw))\s*$/;

/** A scanner of as much of the language as it takes to tell a regular expression from the rest. */
function literalsIn(source: string): readonly Literal[] {
  const literals: Literal[] = [];
  // For each open template, how many braces are open in its expression.
  const templates: number[] = [];
  let before = "";
  for (let at = 0; at < source.length;) {
    const read = (token: RegExp) => {
      token.lastIndex = at;
      return token.exec(source);
    };
    const character = source[at]!;
    const comment = read(COMMENT);
    if (comment !== null) {
      at += comment[0].length;
      continue;
    }
    const isTemplate = character === "`" || (character === "}" && templates.at(-1) === 0);
    const found = isTemplate ? read(TEMPLATE_PART) : read(STRING) ?? read(WORD);
    if (isTemplate && character === "}") templates.pop();
    if (isTemplate && found![0].endsWith("${")) templates.push(0);
    else if (!isTemplate && character === "{" && templates.length > 0) {
      templates.push(templates.pop()! + 1);
    } else if (!isTemplate && character === "}" && templates.length > 0) {
      templates.push(templates.pop()! - 1);
    }
    const literal = character === "/" && BEFORE.test(before) ? read(REGULAR_EXPRESSION) : null;
    if (literal !== null) literals.push({ body: literal[1]!, flags: literal[2]! });
    const token = literal?.[0] ?? found?.[0] ?? character;
    // A template that goes on is followed by an expression.
    before = isTemplate && token.endsWith("${") ? "(" : (before + token).slice(-20);
    at += token.length;
  }
  return literals;
}

/** A text of any length: a beginning, a part again and again, and an end that fits to nothing. */
export interface Input {
  readonly before: string;
  readonly repeated: string;
  readonly after: string;
}

export function textOf({ before, repeated, after }: Input, length: number): string {
  return before + repeated.repeat(Math.ceil(length / repeated.length)) + after;
}

/** Texts made of what a pattern matches: its own parts, again and again, behind what comes before. */
export function hardInputs(pattern: RegExp): readonly Input[] {
  const examples = examplesOf(pattern);
  const characters = [...new Set(["a", "0", " ", "\n", ...literalCharacters(pattern)])];
  const pairs = characters.flatMap((one) => characters.map((other) => one + other));
  const parts = new Set([...characters, ...pairs, ...examples.filter((example) => example !== "")]);
  const beginnings = new Set([""]);
  for (const example of examples) {
    for (let i = 1; i <= Math.min(example.length, 12); i++) beginnings.add(example.slice(0, i));
  }
  const inputs = [...parts].map((repeated) => ({ before: "", repeated, after: "\u0000" }));
  const behind = [...beginnings].flatMap((before) =>
    characters.map((repeated) => ({ before, repeated, after: "\u0000" }))
  );
  return [...inputs, ...behind];
}

function examplesOf(pattern: RegExp): readonly string[] {
  try {
    return fc.sample(fc.stringMatching(pattern), { seed: 1, numRuns: 6 });
  } catch {
    return []; // It has a part that cannot be generated.
  }
}

/** The characters that stand for themselves, those at the ends of ranges among them. */
function literalCharacters({ source }: RegExp): readonly string[] {
  const plain = source.replaceAll(/\\[pux]\{?[\w]+\}?|\\[a-zA-Z]/g, "").replaceAll("\\", "");
  return [...plain].filter((character) => !"()[]{}^$*+?|".includes(character)).slice(0, 16)
    .concat(source.includes("\\[") ? ["["] : [], source.includes("\\{") ? ["{"] : []);
}

// Then once is enough.
const LONG_MS = 50;

/** The CPU that it takes to find a pattern everywhere in a text, in ms: the least of several times. */
export function costOf(pattern: RegExp, text: string, times = 3): number {
  const everywhere = new RegExp(pattern.source, `${pattern.flags.replace(/[gy]/g, "")}g`);
  let least = Infinity;
  for (let i = 0; i < times && (i === 0 || least < LONG_MS); i++) {
    const before = process.cpuUsage();
    findAll(everywhere, text);
    const { user, system } = process.cpuUsage(before);
    least = Math.min(least, (user + system) / 1_000);
  }
  return least;
}

/** Keeps nothing: to collect garbage would cost more than to find. */
function findAll(pattern: RegExp, text: string): void {
  pattern.lastIndex = 0;
  for (let at = 0; pattern.test(text); at = pattern.lastIndex) {
    // Found nothing, and that everywhere.
    if (pattern.lastIndex === at) pattern.lastIndex++;
  }
}
