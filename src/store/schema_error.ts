/**
 * A schema that is not there, or not as this version needs it.
 *
 * @module
 */

/** A store's schema is missing or too old. */
export class SchemaError extends RangeError {
  /** What was expected and what came, without what to do about it. */
  readonly finding: string;
  /** Whether there is none at all. */
  readonly isMissing: boolean;

  constructor(finding: string, isMissing: boolean, advice: string) {
    super(`${finding}. ${advice}`);
    this.finding = finding;
    this.isMissing = isMissing;
  }
}
