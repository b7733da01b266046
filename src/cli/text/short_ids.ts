/**
 * Ids as people compare and copy them: their ends, which are random, as long as needed.
 *
 * @module
 */

/** The least that is shown of an id. */
const LEAST = 8;

/** Gives the shortest ends, all of one length, that tell these ids from each other. */
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
