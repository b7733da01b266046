import { test } from "node:test";
import type { Store } from "../../src/store/store.ts";
import { manualClock } from "../runtimes/manual_clock.ts";
import { newScene, type Scene } from "./scene.ts";

/** Opens an empty store that takes its time from the given clock. */
export type OpenStore = (options: { readonly now: () => number }) => Promise<OpenedStore>;

/** A store, and how to be rid of it and of all that it left behind. */
export interface OpenedStore {
  readonly store: Store;
  close(): Promise<void>;
}

/** How much a store is asked to do at once. */
export interface Scale {
  /** Jobs in a row, each waiting for the one before. */
  readonly chainLength: number;
}

/** Defines a test that gets a store of its own. */
export type TestStore = (sentence: string, body: (scene: Scene) => Promise<void>) => void;

/** Binds the tests to one kind of store. */
export function testsOf(open: OpenStore): TestStore {
  return (sentence, body) =>
    test(sentence, async () => {
      const clock = manualClock();
      const { store, close } = await open({ now: clock.now });
      try {
        await body(newScene(store, clock));
      } finally {
        await close();
      }
    });
}
