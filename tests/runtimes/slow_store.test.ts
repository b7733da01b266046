import { memory } from "../../mod.ts";
import { describeSlowStore } from "../slow_store_worker.ts";

describeSlowStore(
  "a store in memory",
  (options) => Promise.resolve({ store: memory(options), close: () => Promise.resolve() }),
);
