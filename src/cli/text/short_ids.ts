/**
 * Short forms of ids for people: their ends, which are random, as long as needed.
 *
 * @module
 */

/** The minimum length. */
const LEAST = 8;

/** Returns a function that shortens these ids to ends of one length that are all different. */
export function shortIds(ids: Iterable<string>): (id: string) => string {
  const all = [...new Set(ids)];
  const longest = Math.max(0, ...all.map(({ length }) => length));
  let length = LEAST;
  while (length < longest && new Set(all.map((id) => id.slice(-length))).size < all.length) {
    length++;
  }
  // An end never begins with the dash of a UUID.
  return (id) => id.slice(-length).replace(/^-/, "");
}
