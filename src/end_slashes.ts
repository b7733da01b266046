/**
 * Paths of base addresses.
 *
 * @module
 */

/** A path without the slashes at its end. Not by a regular expression: `/+$` is tried at each slash. */
export function withoutEndSlashes(path: string): string {
  let end = path.length;
  while (path[end - 1] === "/") end--;
  return path.slice(0, end);
}
