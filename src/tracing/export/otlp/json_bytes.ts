/**
 * JSON, written straight into the bytes that are sent. A tree of objects for `JSON.stringify`, and its
 * text for the encoder, would be thrown away with every batch.
 *
 * @module
 */

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const encoder = new TextEncoder();
const parts = new Map<string, Uint8Array>();
const SHORT = 8;

const LOWER_HEX = "0123456789abcdef";
/** The value of each hex digit, by its code. */
const HEX_VALUES: readonly (number | undefined)[] = Array.from({ length: 128 }, (_, code) => {
  const value = LOWER_HEX.indexOf(String.fromCharCode(code).toLowerCase());
  return value < 0 ? undefined : value;
});

// A full batch of jobs' spans fits. What is larger is not held until the next one.
const USUAL_BYTES = 1024 * 1024;
// Seldom more are under way at once.
const MOST_SPARE = 2;

/**
 * A place to write JSON texts, one after the other. One is enough for all: while it lives, what the
 * runtime has compiled for it lives too.
 */
export class JsonBytes {
  #bytes = new Uint8Array(0);
  #length = 0;
  readonly #spare: Uint8Array<ArrayBuffer>[] = [];

  /** Begins a text. */
  begin(): void {
    if (this.#bytes.length !== USUAL_BYTES) {
      this.#bytes = this.#spare.pop() ?? new Uint8Array(USUAL_BYTES);
    }
    this.#length = 0;
  }

  /** Ends the text, and hands it over. */
  end(): Uint8Array<ArrayBuffer> {
    const text = this.#bytes.subarray(0, this.#length);
    this.#bytes = new Uint8Array(0);
    return text;
  }

  /**
   * Takes back the place of a text that nobody needs any more. A new one for each batch is what makes
   * a process that does little else collect all its garbage every few batches.
   */
  takeBack({ buffer }: Uint8Array<ArrayBuffer>): void {
    const isUsual = buffer.byteLength === USUAL_BYTES;
    if (isUsual && this.#spare.length < MOST_SPARE) this.#spare.push(new Uint8Array(buffer));
  }

  /** How many bytes are written. */
  get length(): number {
    return this.#length;
  }

  /** Takes back what is written from a place on. */
  backTo(length: number): void {
    this.#length = length;
  }

  /** A copy of what is written, from a place on. */
  copyFrom(start: number): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(start, this.#length);
  }

  /** Writes a part of JSON that stands in the code: many bytes are copied faster than made. */
  part(literal: string): void {
    if (literal.length < SHORT) return this.ascii(literal);
    let bytes = parts.get(literal);
    if (bytes === undefined) parts.set(literal, bytes = encoder.encode(literal));
    this.again(bytes);
  }

  /** Writes what is JSON already: printable ASCII. */
  ascii(text: string): void {
    this.#makeRoom(text.length);
    const bytes = this.#bytes;
    let at = this.#length;
    for (let i = 0; i < text.length; i++) bytes[at++] = text.charCodeAt(i);
    this.#length = at;
  }

  /** Writes bytes that were written once before. */
  again(written: Uint8Array): void {
    this.#makeRoom(written.length);
    this.#bytes.set(written, this.#length);
    this.#length += written.length;
  }

  /** Writes a string; half of a surrogate pair in it becomes U+FFFD, as UTF-8 has no form for it. */
  string(text: string): void {
    this.#makeRoom(text.length + 2);
    const bytes = this.#bytes;
    let at = this.#length;
    bytes[at++] = QUOTE;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code < 0x20 || code > 0x7e || code === QUOTE || code === BACKSLASH) {
        return this.#escaped(text);
      }
      bytes[at++] = code;
    }
    bytes[at++] = QUOTE;
    this.#length = at;
  }

  /**
   * Writes an id of so many hex digits, in lower case.
   *
   * @throws {RangeError} when it is none, or all zero.
   */
  id(text: string, digits: number): void {
    this.#makeRoom(digits + 2);
    const bytes = this.#bytes;
    let at = this.#length;
    let any = 0;
    bytes[at++] = QUOTE;
    for (let i = 0; i < digits; i++) {
      const code = text.charCodeAt(i);
      const value = HEX_VALUES[code];
      if (value === undefined) throw newIdError(text, digits);
      any |= value;
      bytes[at++] = LOWER_HEX.charCodeAt(value);
    }
    if (any === 0 || text.length !== digits) throw newIdError(text, digits);
    bytes[at++] = QUOTE;
    this.#length = at;
  }

  /** Writes a number that is finite. */
  number(value: number): void {
    this.ascii(`${value}`);
  }

  /** Writes a list, each item as `write` does it. */
  list<T>(items: readonly T[], write: (json: JsonBytes, item: T) => void): void {
    this.ascii("[");
    // By index, so that a hole is an item as well.
    for (let i = 0; i < items.length; i++) {
      if (i > 0) this.ascii(",");
      write(this, items[i]!);
    }
    this.ascii("]");
  }

  /** Writes one more property of an object, if there is a value for it. */
  optional(name: string, value: string | undefined): void {
    if (value === undefined) return;
    this.part(`,"${name}":`);
    this.string(value);
  }

  #escaped(value: string): void {
    const text = JSON.stringify(value.toWellFormed());
    // No code unit takes more than three bytes.
    this.#makeRoom(3 * text.length);
    this.#length += encoder.encodeInto(text, this.#bytes.subarray(this.#length)).written;
  }

  #makeRoom(count: number): void {
    const needed = this.#length + count;
    if (needed <= this.#bytes.length) return;
    const longer = new Uint8Array(Math.max(needed, 2 * this.#bytes.length));
    longer.set(this.#bytes);
    this.#bytes = longer;
  }
}

function newIdError(text: string, digits: number): RangeError {
  return new RangeError(
    `An id must be ${digits} hex digits, not all zero: got ${JSON.stringify(text)}`,
  );
}
