/**
 * `npm run size`: the bytes of each entry and of a whole edge worker (without the page and with it), minified and gzipped. A report:
 * nothing fails when it grows.
 *
 * @module
 */
import { table } from "./report/table.ts";
import { edgeWorkerSizes, entrySizes } from "./size/bundle.ts";

const rows = [...entrySizes(), ...edgeWorkerSizes()].map(({ name, bytes, gzipped }) => [
  name,
  bytes.toLocaleString("en"),
  gzipped.toLocaleString("en"),
]);
console.log(table(["bundle", "bytes, minified", "bytes, gzipped"], rows));
