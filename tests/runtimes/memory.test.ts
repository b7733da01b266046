import { memory } from "../../src/store/memory.ts";
import { describeStore } from "../conformance/suite.ts";

// deno-lint-ignore require-await
describeStore("the memory store", async (options) => {
  const store = memory(options);
  return { store, close: () => store.close() };
});
