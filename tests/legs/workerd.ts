import { documentationTests } from "../documentation/generate.ts";
import { portableFolders } from "./folders.ts";
import { installedRuntime } from "./installed.ts";
import type { Counts, Leg } from "./leg.ts";
import { otel3TestFiles } from "./otel3.ts";

const folder = ".build/workerd";

/** workerd runs no files but a worker, so Bun puts all tests into one. */
export const workerd: Leg = {
  name: "workerd",
  folders: portableFolders,
  moreFiles: [...otel3TestFiles, ...documentationTests("workerd")],
  findRuntime: () => installedRuntime("workerd", "workerd"),
  commands: ({ executable }, testFiles) => [
    {
      executable: installedRuntime("Bun", "bun").executable,
      args: ["tests/workerd/bundle.ts", folder, ...testFiles],
    },
    { executable, args: ["test", `${folder}/config.capnp`] },
  ],
  readCounts,
  finishedTest: /^[✔✖﹣] /gm,
};

/** Reads the line that tests/workerd/tally.ts closes with. */
function readCounts(output: string): Counts | undefined {
  const closingLine = /^(\d+) passed, (\d+) failed, (\d+) skipped$/gm;
  const found = [...output.matchAll(closingLine)].at(-1);
  if (found === undefined) return undefined;
  return { passed: Number(found[1]), failed: Number(found[2]), skipped: Number(found[3]) };
}
