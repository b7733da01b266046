/**
 * What was measured so far: by row and column of the table that it is for, one number for each round.
 *
 * @module
 */

/** Measurements of one run. */
export class Samples<Column extends string> {
  readonly #taken = new Map<string, number[]>();

  /** Adds to what a row has. */
  add(row: string, taken: Readonly<Partial<Record<Column, number>>>): void {
    for (const [column, number] of Object.entries<number>(taken as Record<string, number>)) {
      const before = this.#taken.get(`${row} ${column}`) ?? [];
      this.#taken.set(`${row} ${column}`, [...before, number]);
    }
  }

  /** All of one cell, in the order of the rounds. */
  of(row: string, column: Column): readonly number[] {
    return this.#taken.get(`${row} ${column}`) ?? [];
  }
}
