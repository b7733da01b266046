/** Where there is no AsyncLocalStorage, what `ctx` carries gives the same trees, on every runtime. */

import { copyFile, mkdir } from "node:fs/promises";
import { proveApart } from "./prove_apart.ts";
import { runApart, type Runtime, whyNot } from "./run_apart.ts";
import { withoutAsyncStorage } from "./without_async_storage.ts";

const program = "tests/providers/on_node/prove_without_async_storage.ts";

const proveIn: Readonly<Record<Runtime, () => Promise<string>>> = {
  Node: () => runApart("Node", [program]),
  Bun: () => runApart("Bun", [program]),
  Deno: () => runApart("Deno", ["run", "-A", "--no-check", program]),
  workerd: async () => {
    const folder = ".build/without_async_storage";
    await mkdir(folder, { recursive: true });
    await copyFile("tests/workerd/without_node.capnp", `${folder}/config.capnp`);
    // For a browser, Bun brings along what the checks use of Node.
    const target = ["--target=browser", "--conditions=workerd"];
    await runApart("Bun", ["build", ...target, `--outfile=${folder}/tests.js`, program]);
    return await runApart("workerd", ["test", `${folder}/config.capnp`]);
  },
};

for (const [runtime, prove] of Object.entries(proveIn)) {
  const title = `on ${runtime} without AsyncLocalStorage`;
  proveApart(title, withoutAsyncStorage, whyNot("Bun", runtime as Runtime), prove);
}
