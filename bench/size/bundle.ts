/**
 * How many bytes a program gets from hammerwork, as esbuild bundles and minifies it.
 *
 * @module
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

/** The size of one bundle. */
export interface BundleSize {
  readonly name: string;
  readonly bytes: number;
  readonly gzipped: number;
}

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Each entry of the package, without its peers. */
export function entrySizes(): BundleSize[] {
  const { exports } = JSON.parse(readFileSync(`${root}deno.json`, "utf8")) as {
    readonly exports: Readonly<Record<string, string>>;
  };
  return Object.entries(exports).map(([entry, path]) =>
    sizeOf(`hammerwork${entry.slice(1)}`, path, ["--platform=neutral", "--packages=external"])
  );
}

/**
 * A worker for workerd with all that it needs (hammerwork, Hono, postgres.js and OpenTelemetry),
 * without the page and with it, bundled as Wrangler does.
 */
export function edgeWorkerSizes(): BundleSize[] {
  const options = ["--platform=browser", "--conditions=workerd,worker", "--external:cloudflare:*"];
  return [
    sizeOf("an edge worker", "bench/size/edge_worker.ts", options),
    sizeOf("an edge worker with the page", "bench/size/edge_worker_with_page.ts", options),
  ];
}

function sizeOf(name: string, path: string, options: readonly string[]): BundleSize {
  const code = bundle(path, options);
  return { name, bytes: code.length, gzipped: gzipSync(code, { level: 9 }).length };
}

function bundle(path: string, options: readonly string[]): Uint8Array {
  const esbuild = process.platform === "win32" ? "esbuild.cmd" : "esbuild";
  const args = ["--bundle", "--minify", "--format=esm", "--external:node:*", ...options, path];
  return execFileSync(`${root}node_modules/.bin/${esbuild}`, args, {
    cwd: root,
    maxBuffer: 16 * 1_024 * 1_024,
  });
}
