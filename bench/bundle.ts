/**
 * How many bytes each entry is, bundled and minified, with its peers left out.
 *
 * @module
 */
import { execFileSync } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

/** The size of one entry. */
export interface BundleSize {
  readonly name: string;
  readonly bytes: number;
  readonly gzipped: number;
}

const entries = {
  "hammerwork": "mod.ts",
  "hammerwork/sqlite": "src/store/sqlite.ts",
  "hammerwork/tracing": "src/tracing.ts",
};

/** Bundles every entry. */
export function bundleSizes(): BundleSize[] {
  return Object.entries(entries).map(([name, path]) => {
    const code = bundle(path);
    return { name, bytes: code.length, gzipped: gzipSync(code, { level: 9 }).length };
  });
}

function bundle(path: string): Uint8Array {
  const root = fileURLToPath(new URL("..", import.meta.url));
  const bun = process.platform === "win32" ? "bun.cmd" : "bun";
  return execFileSync(`${root}node_modules/.bin/${bun}`, [
    "build",
    "--minify",
    "--packages=external",
    path,
  ], { cwd: root });
}
