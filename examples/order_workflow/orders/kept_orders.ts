/**
 * A copy of the valid orders of an input, named by the hash of its content. An import reads its rows
 * from the copy, since the input may be gone when it runs.
 */
import { createHash } from "node:crypto";
import { mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileIn } from "../handlers/files.ts";
import type { Order } from "./order.ts";

export interface KeptOrders {
  readonly contentHash: string;
  readonly rows: number;
}

export interface OrderKeeper {
  add(order: Order): Promise<void>;
  /** Names the copy by its content. */
  finish(): Promise<KeptOrders>;
  /** Removes the copy unless it was finished. */
  discard(): Promise<void>;
}

/** Starts a copy under a temporary name. */
export async function keepOrders(folder: string): Promise<OrderKeeper> {
  await mkdir(folder, { recursive: true });
  const draft = join(folder, `${crypto.randomUUID()}.draft`);
  const file = await open(draft, "w");
  const hash = createHash("sha256");
  let rows = 0;
  return {
    async add(order) {
      const line = JSON.stringify(order) + "\n";
      hash.update(line);
      await file.write(line);
      rows++;
    },
    async finish() {
      const contentHash = hash.digest("hex");
      await file.close();
      await rename(draft, pathOf(folder, contentHash));
      return { contentHash, rows };
    },
    async discard() {
      await file.close();
      await rm(draft, { force: true });
    },
  };
}

/** The rows from `startRow` up to, not including, `endRow`. */
export async function readKeptOrders(
  folder: string,
  contentHash: string,
  startRow: number,
  endRow: number,
): Promise<readonly Order[]> {
  const lines = (await readFile(pathOf(folder, contentHash), "utf8")).split("\n");
  return lines.slice(startRow, endRow).map((line) => JSON.parse(line) as Order);
}

function pathOf(folder: string, contentHash: string): string {
  return fileIn(folder, contentHash, ".ndjson");
}
