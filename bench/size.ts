/**
 * `npm run size`: the bytes of each entry and of a whole edge worker, minified and gzipped. A report:
 * nothing fails when it grows.
 *
 * @module
 */
import { table } from "./report/table.ts";
import { edgeWorkerSize, entrySizes } from "./size/bundle.ts";

const rows = [...entrySizes(), edgeWorkerSize()].map(({ name, bytes, gzipped }) => [
  name,
  bytes.toLocaleString("en"),
  gzipped.toLocaleString("en"),
]);
console.log(table(["bundle", "bytes, minified", "bytes, gzipped"], rows));
