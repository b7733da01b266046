/**
 * Lists of what comes and goes all the time, such as the attempts that run.
 *
 * A `Set` or a `Map` would do, but for how V8 keeps them: a table that was outgrown still holds what was
 * in it, and points to the table that took its place. Once such a table is old, all that follow outlive
 * their members until the next full collection, and with them every job, its payload and its row.
 *
 * @module
 */

/** What can be on one roster. */
export interface Listed {
  /** Where it is on the roster; `undefined` while it is on none. The roster's alone to change. */
  place: number | undefined;
}

/** A list whose members are found by the place that each of them knows. In no order. */
export class Roster<Member extends Listed> implements Iterable<Member> {
  /** How many there are. */
  size = 0;
  readonly #members: Member[] = [];

  /** Adds one that is on none. */
  add(member: Member): void {
    member.place = this.size;
    this.size = this.#members.push(member);
  }

  /** Removes one. Returns whether it was there. */
  remove(member: Member): boolean {
    const { place } = member;
    if (place === undefined) return false;
    const last = this.#members.pop()!;
    if (last !== member) {
      this.#members[place] = last;
      last.place = place;
    }
    member.place = undefined;
    this.size--;
    return true;
  }

  /** Those that are there at the beginning, but for any that leave meanwhile. */
  *[Symbol.iterator](): Generator<Member> {
    for (const member of [...this.#members]) if (member.place !== undefined) yield member;
  }
}
