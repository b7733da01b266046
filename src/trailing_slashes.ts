/**
 * Trailing slashes of base addresses.
 *
 * @module
 */

/** A path without trailing slashes. No regular expression: `/+$` would be tried at every slash. */
export function withoutTrailingSlashes(path: string): string {
  let end = path.length;
  while (path[end - 1] === "/") end--;
  return path.slice(0, end);
}
