import { cpSync, rmSync } from "node:fs";

const folder = "tests/packages/otel3/.build";

/**
 * The tests of `sdk-trace` once more, compiled, where a plain user's of OpenTelemetry 3.x would be: in
 * a workspace in which the library and its user resolve the same API 1.10 and the same SDK 3.x.
 */
export const otel3TestFiles: readonly string[] = [
  `${folder}/tests/packages/otel3/one_copy/versions.test.js`,
  `${folder}/tests/providers/no_sdk.test.js`,
  `${folder}/tests/providers/sdk_trace.test.js`,
];

/** Puts the compiled library and its tests there. */
export function copyToOtel3(): void {
  rmSync(folder, { recursive: true, force: true });
  for (const part of ["mod.js", "src", "tests"]) {
    cpSync(`.build/${part}`, `${folder}/${part}`, { recursive: true });
  }
}
