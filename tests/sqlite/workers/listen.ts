/**
 * Listens to what others do with a file, hears of some of it, and ends without closing anything: that
 * it listens must not keep it running.
 */
import process from "node:process";
import { sqlite } from "../../../src/store/sqlite.ts";
import { jobInput } from "../../conformance/inputs.ts";

export interface Listen {
  readonly database: string;
}

const { database } = JSON.parse(process.argv[2]!) as Listen;
const [store, other] = [await sqlite(database), await sqlite(database)];
// Again and again: a watch may begin a moment after it was asked for.
const adding = setInterval(add, 20);
let [added, heard] = [0, 0];
store.onNotice!(() => heard++);

function add(): void {
  // Nobody waits for one that hears nothing for so long.
  if (heard >= 3 || ++added > 500) clearInterval(adding);
  else void other.add([jobInput()]);
}
