/**
 * The pages of the documentation and their code blocks. A comment right before a block says how it
 * is run; readers do not see it:
 *
 *     <!-- continues -->                the block goes on where the one before it ended
 *     <!-- runs on: Node 22, Bun -->    only there; without it on every runtime
 *     <!-- then: await call(); -->      code that follows it in the test, which the page does not show
 *     <!-- program: worker.ts -->       a file of its own, which programs.test.ts starts
 *     <!-- served -->                   a router answers at http://localhost:8080 meanwhile
 *     <!-- run by: .ci/run -->          that file has each of its lines
 *     <!-- not run: why -->             nobody can run it here
 */

import { readdirSync, readFileSync } from "node:fs";
import { relative } from "node:path";

/** A page, as a path from the root. */
export const pages: readonly string[] = [
  "README.md",
  ...readdirSync("docs").filter((name) => name.endsWith(".md")).sort().map((name) =>
    `docs/${name}`
  ),
];

export interface Block {
  readonly page: string;
  /** Where its code begins, counted from 1. */
  readonly line: number;
  readonly language: string;
  readonly code: string;
  /** What the comment before it says, by its word. */
  readonly directives: ReadonlyMap<string, string>;
}

const directiveNames = ["continues", "runs on", "then", "program", "served", "run by", "not run"];

/** Where a TypeScript block can run. "Node" is each Node that is supported, 20 or later. */
export const runtimes = ["Node", "Node 22", "Bun", "Deno", "workerd"] as const;
export type Runtime = (typeof runtimes)[number];

export function blocksOf(page: string): readonly Block[] {
  return blocksIn(page, readFileSync(page, "utf8"));
}

export function blocksIn(page: string, markdown: string): readonly Block[] {
  const fence = /((?:^<!-- [^\n]* -->\n+)*)^( *)```(\w*)([^\n]*)\n(.*?)^ *```$/gms;
  return [...markdown.matchAll(fence)].map((found) => {
    const [whole, comments, indent, language, rest, code] = found;
    const line = markdown.slice(0, found.index).split("\n").length +
      whole!.slice(0, whole!.indexOf("```")).split("\n").length;
    if (rest !== "") throw new Error(`${page}:${line}: a fence has a language only: got ${rest}`);
    return {
      page,
      line,
      language: language!,
      code: indent === "" ? code! : code!.replaceAll(new RegExp(`^${indent}`, "gm"), ""),
      directives: directivesIn(comments!, `${page}:${line}`),
    };
  });
}

function directivesIn(comments: string, where: string): ReadonlyMap<string, string> {
  const directives = new Map<string, string>();
  for (const [, text] of comments.matchAll(/^<!-- (.*) -->$/gm)) {
    const [name, ...rest] = text!.split(": ");
    // Other comments, such as the marks of a measured table, are not about the block.
    if (name!.startsWith("/") || name === "bench") continue;
    if (!directiveNames.includes(name!)) {
      throw new Error(`${where}: a comment before a block says how it is run: got ${text}`);
    }
    directives.set(name!, rest.join(": "));
  }
  return directives;
}

/** A block that is run as a test on each of its runtimes. */
export function isTested({ language, directives }: Block): boolean {
  return language === "ts" && !directives.has("program") && !directives.has("not run");
}

/** Blocks that continue each other: one test. */
export interface Story {
  readonly page: string;
  readonly line: number;
  readonly runtimes: readonly Runtime[];
  readonly blocks: readonly Block[];
}

export function storiesOf(page: string): readonly Story[] {
  const stories: Story[] = [];
  for (const block of blocksOf(page).filter(isTested)) {
    const last = stories.at(-1);
    if (!block.directives.has("continues")) {
      const { line } = block;
      stories.push({ page, line, runtimes: runtimesOf(block), blocks: [block] });
    } else if (last === undefined) {
      throw new Error(`${page}:${block.line}: there is no block before it that it could continue`);
    } else {
      stories[stories.length - 1] = { ...last, blocks: [...last.blocks, block] };
    }
  }
  return stories;
}

function runtimesOf({ page, line, directives }: Block): readonly Runtime[] {
  const named = directives.get("runs on")?.split(", ") ?? ["Node", "Bun", "Deno", "workerd"];
  const unknown = named.find((name) => !runtimes.includes(name as Runtime));
  if (unknown !== undefined) {
    throw new Error(`${page}:${line}: a block runs on ${runtimes.join(", ")}: got ${unknown}`);
  }
  return named as Runtime[];
}

const { imports: entries } = JSON.parse(readFileSync("deno.json", "utf8")) as {
  readonly imports: Readonly<Record<string, string>>;
};

/** What a block imports, for a file in the given folder: an entry of the library is its source. */
export function sourceOf(specifier: string, folder: string): string {
  if (!/^hammerwork(\/|$)/.test(specifier)) return specifier;
  const file = entries[specifier];
  if (file === undefined) throw new Error(`There is no entry ${specifier}`);
  return relative(folder, file);
}
