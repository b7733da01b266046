/**
 * Makes tests of the documentation's TypeScript blocks, so that they are checked with the types of the
 * library and run on each runtime that they name, as they are written. A block, with those that
 * continue it, becomes a module with its own imports and a function; a page's modules become a test
 * file.
 */

import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import process from "node:process";
import { pages, type Runtime, sourceOf, storiesOf, type Story } from "./pages.ts";
import { writePrograms } from "./programs.ts";

const folder = "tests/documentation/.build";

/** The test files that a runtime runs, as paths from the root. */
export function documentationTests(runtime: Runtime): readonly string[] {
  return [...filesByName()]
    .filter(([, [story]]) => runsOn(story!, runtime))
    .map(([name]) => `${folder}/${name}.test.ts`);
}

function runsOn({ runtimes }: Story, runtime: Runtime): boolean {
  if (runtime === "Node 22") return runtimes.includes("Node") || runtimes.includes("Node 22");
  return runtimes.includes(runtime);
}

/** Writes the files, checks their types, and compiles them for runtimes that strip none. */
export function generateDocumentationTests(): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const [name, stories] of filesByName()) {
    for (const story of stories) writeFileSync(`${folder}/${moduleOf(story)}`, moduleText(story));
    writeFileSync(`${folder}/${name}.test.ts`, testText(stories));
  }
  writePrograms();
  const tsc = "node_modules/typescript/bin/tsc";
  execFileSync(process.execPath, [tsc, "-p", "tests/documentation/tsconfig.json"], {
    stdio: "inherit",
  });
}

/** The stories of a page that run on the same runtimes are a file. */
function filesByName(): ReadonlyMap<string, readonly Story[]> {
  const files = new Map<string, Story[]>();
  for (const story of pages.flatMap(storiesOf)) {
    const where = story.runtimes.length === 4 ? "everywhere" : story.runtimes.join("_");
    const name = `${nameOf(story.page)}.${where.replaceAll(" ", "")}`;
    files.set(name, [...files.get(name) ?? [], story]);
  }
  return files;
}

/** Without its folder: the README at the top and the one of the folder have one name. */
function nameOf(page: string): string {
  return page === "README.md" ? "front" : basename(page, ".md");
}

function moduleOf({ page, line }: Story): string {
  return `${nameOf(page)}_${line}.ts`;
}

function moduleText({ page, line, blocks }: Story): string {
  const imports: string[] = [];
  const bodies = blocks.map(({ code, directives }) =>
    `${code}${directives.get("then") ?? ""}`.replaceAll(
      /^import ([^;]*?) from "([^"]+)";\n/gm,
      (_, what, specifier) => {
        imports.push(`import ${what} from ${JSON.stringify(sourceOf(specifier, folder))};\n`);
        return "";
      },
    )
      .replaceAll(/^export default /gm, "const exported = ")
      .replaceAll(/^export /gm, "")
  );
  return `// ${page}:${line}
${imports.join("")}
export async function run(): Promise<void> {
${bodies.join("\n")}
}
`;
}

function testText(stories: readonly Story[]): string {
  const imports = stories.map((story) =>
    `import { run as run${story.line} } from "./${moduleOf(story)}";\n`
  );
  const tests = stories.map((story) => {
    const { page, line } = story;
    const options = usesDatabase(story) ? "{ skip: whyNoDatabase }, " : "";
    return `  test("${page}:${line} runs as it is written", ${options}run${line});\n`;
  });
  return `import { describe, test } from "node:test";
import { asOnItsOwn, whyNoDatabase } from "../own_process.ts";
${imports.join("")}
describe("the blocks of ${stories[0]!.page}", () => {
  asOnItsOwn(${stories.some(usesDatabase)});
${tests.join("")}});
`;
}

function usesDatabase({ blocks }: Story): boolean {
  return blocks.some(({ code }) => code.includes("DATABASE_URL"));
}
