import { memory } from "../../mod.ts";
import { describeSlowStore } from "../conformance/slow_store.ts";

describeSlowStore(
  "a store in memory",
  (options) => Promise.resolve({ store: memory(options), close: () => Promise.resolve() }),
);
