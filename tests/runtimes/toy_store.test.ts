import { toyStore } from "../../examples/toy_store/toy_store.ts";
import { describeStore } from "../conformance/suite.ts";

// deno-lint-ignore require-await
describeStore("the toy store of the examples", async (options) => {
  const store = toyStore(options);
  return { store, close: () => store.close() };
  // It looks through all jobs for each level of a chain.
}, { chainLength: 1_000 });

// deno-lint-ignore require-await
describeStore("a store without the optional parts", async (options) => {
  const store = toyStore(options);
  for (const part of ["traceEnds", "onNotice"]) Object.defineProperty(store, part, {});
  return { store, close: () => store.close() };
}, { chainLength: 100, without: ["traceEnds", "notices"] });
