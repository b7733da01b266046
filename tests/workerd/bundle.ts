/**
 * Puts test files into one worker. Run by Bun, which has a bundler built in:
 * `bun tests/workerd/bundle.ts <folder to write> <test file> …`
 */

import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import process from "node:process";

/** The part of Bun that is used here. Bun's own types would bring its globals to every file. */
declare const Bun: {
  readonly build: (options: {
    readonly entrypoints: readonly string[];
    readonly outdir: string;
    readonly naming: string;
    readonly conditions: readonly string[];
    readonly external: readonly string[];
    readonly ignoreDCEAnnotations: boolean;
    readonly plugins: readonly Plugin[];
  }) => Promise<unknown>;
};

interface Plugin {
  readonly name: string;
  readonly setup: (builder: Builder) => void;
}

interface Builder {
  onResolve(rule: { readonly filter: RegExp }, resolve: () => { path: string }): void;
  onLoad(
    rule: { readonly filter: RegExp },
    load: (file: { readonly path: string }) => Promise<{ contents: string; loader: "ts" }>,
  ): void;
}

const here = resolve("tests/workerd");
const [folder, ...testFiles] = process.argv.slice(2);
if (folder === undefined || testFiles.length === 0) {
  throw new Error("A folder and test files were expected as arguments, but are missing.");
}

await mkdir(folder, { recursive: true });
const entry = await writeEntry(folder, testFiles);
await bundle(entry, folder);
await copyFile(join(here, "config.capnp"), join(folder, "config.capnp"));

async function writeEntry(folder: string, testFiles: readonly string[]): Promise<string> {
  const path = resolve(folder, "entry.ts");
  const imports = testFiles.map((file) => `import ${JSON.stringify(resolve(file))};`);
  const worker = JSON.stringify(join(here, "worker.ts"));
  await writeFile(path, [...imports, `export { default } from ${worker};`, ""].join("\n"));
  return path;
}

async function bundle(entry: string, folder: string): Promise<void> {
  await Bun.build({
    entrypoints: [entry],
    outdir: folder,
    naming: "tests.js",
    conditions: ["workerd"],
    external: ["node:*", "cloudflare:*"],
    // A test file exports nothing, so in a package without side effects it would be left out.
    ignoreDCEAnnotations: true,
    plugins: [{ name: "node:test in workerd", setup: standIn }],
  });
}

function standIn(builder: Builder): void {
  builder.onResolve({ filter: /^node:test$/ }, () => ({ path: join(here, "node_test.ts") }));
  // A file's hooks are its own, so the registry must know where each file begins.
  builder.onLoad({ filter: /\.test\.[jt]s$/ }, async ({ path }) => {
    const registry = JSON.stringify(join(here, "registry.ts"));
    const name = JSON.stringify(relative("", path));
    const opening = `import { openFile } from ${registry}; openFile(${name}); `;
    return { contents: opening + await readFile(path, "utf8"), loader: "ts" };
  });
}
