/**
 * What the page loads from its own router.
 *
 * @module
 */

/** A file of the page. */
export interface Asset {
  /** Its name below `/page`. */
  readonly name: string;
  /** Its content type. */
  readonly type: string;
  /** What is in it. */
  readonly text: string;
}
