/** The worker that `workerd test` calls once every test file of the bundle is loaded. */

import { closeRegistry, files } from "./registry.ts";
import { runSuite } from "./run_suite.ts";
import { Tally } from "./tally.ts";

interface TestedWorker {
  readonly test: () => Promise<void>;
}

const worker: TestedWorker = {
  async test() {
    closeRegistry();
    const tally = new Tally();
    for (const file of files) await runSuite(file, [], [], tally);
    tally.close();
    if (tally.failed > 0) throw new Error(`No failed test was expected, but ${tally.failed} came.`);
  },
};

export default worker;
