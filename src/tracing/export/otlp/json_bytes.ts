/**
 * JSON, written straight into the bytes that are sent. Objects for `JSON.stringify` would be simpler,
 * but a worker would pay for them with every span. Measured on Node 24 with 512 spans of a worker, as
 * CPU relative to OpenTelemetry's own exporter (`bench/exporter.ts`; each in a process of its own, in
 * turns; `bench/budget.json` sets the limits):
 *
 * |                                 | encode | encode and send | allocated to send |
 * |---------------------------------|--------|-----------------|-------------------|
 * | this file                       |   0.68 |            0.93 |             0.5 MB |
 * | without the attributes' cache   |   0.91 |            1.22 |             0.5 MB |
 * | objects and `JSON.stringify`    |   1.14 |            1.84 |             3.4 MB |
 * | limit                           |   0.85 |            1.00 |            1.1 MB |
 *
 * @module
 */

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const encoder = new TextEncoder();
const encodedParts = new Map<string, Uint8Array>();
const LEAST_KEPT_LENGTH = 8;

const LOWER_HEX = "0123456789abcdef";
/** The value of each hex digit, by its code. */
const HEX_VALUES_IN_ANY_CASE: readonly (number | undefined)[] = Array.from(
  { length: 128 },
  (_, code) => {
    const value = LOWER_HEX.indexOf(String.fromCharCode(code).toLowerCase());
    return value < 0 ? undefined : value;
  },
);

// A full batch of jobs' spans fits. A larger buffer is not kept for the next batch.
const USUAL_BYTES = 1024 * 1024;
// More batches are rarely in flight at once.
const MAX_SPARE_BUFFERS = 2;

/**
 * A writer of JSON texts, one after the other. The process has one: while it is referenced, the runtime
 * also keeps the code that it has compiled for it.
 */
export class JsonBytes {
  #bytes = new Uint8Array(0);
  #length = 0;
  readonly #spare: Uint8Array<ArrayBuffer>[] = [];

  /** Starts a text. */
  begin(): void {
    if (this.#bytes.length !== USUAL_BYTES) {
      this.#bytes = this.#spare.pop() ?? new Uint8Array(USUAL_BYTES);
    }
    this.#length = 0;
  }

  /** Ends the text and returns it. */
  end(): Uint8Array<ArrayBuffer> {
    const text = this.#bytes.subarray(0, this.#length);
    this.#bytes = new Uint8Array(0);
    return text;
  }

  /**
   * Takes back the buffer of a text that is no longer needed. A new buffer for each batch would cause a
   * full garbage collection every few batches.
   */
  takeBack({ buffer }: Uint8Array<ArrayBuffer>): void {
    const isUsual = buffer.byteLength === USUAL_BYTES;
    if (isUsual && this.#spare.length < MAX_SPARE_BUFFERS) this.#spare.push(new Uint8Array(buffer));
  }

  /** How many bytes are written. */
  get length(): number {
    return this.#length;
  }

  /** Removes everything written after this length. */
  truncate(length: number): void {
    this.#length = length;
  }

  /** A copy of everything written after this length. */
  copyFrom(start: number): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(start, this.#length);
  }

  /** Writes JSON that is constant in the code. Its bytes are kept, as copying many is faster. */
  part(literal: string): void {
    if (literal.length < LEAST_KEPT_LENGTH) return this.ascii(literal);
    let bytes = encodedParts.get(literal);
    if (bytes === undefined) encodedParts.set(literal, bytes = encoder.encode(literal));
    this.bytes(bytes);
  }

  /** Writes JSON of printable ASCII characters. */
  ascii(text: string): void {
    this.#makeRoom(text.length);
    const bytes = this.#bytes;
    let at = this.#length;
    for (let i = 0; i < text.length; i++) bytes[at++] = text.charCodeAt(i);
    this.#length = at;
  }

  /** Writes bytes. */
  bytes(bytes: Uint8Array): void {
    this.#makeRoom(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** Writes a string. Unpaired surrogates, which UTF-8 cannot encode, become U+FFFD. */
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
   * Writes an id of hex digits, in lower case.
   *
   * @throws {RangeError} when it has other characters, another length, or is all zero.
   */
  id(text: string, digits: number): void {
    this.#makeRoom(digits + 2);
    const bytes = this.#bytes;
    let at = this.#length;
    let allBits = 0;
    bytes[at++] = QUOTE;
    for (let i = 0; i < digits; i++) {
      const code = text.charCodeAt(i);
      const value = HEX_VALUES_IN_ANY_CASE[code];
      if (value === undefined) throw newIdError(text, digits);
      allBits |= value;
      bytes[at++] = LOWER_HEX.charCodeAt(value);
    }
    if (allBits === 0 || text.length !== digits) throw newIdError(text, digits);
    bytes[at++] = QUOTE;
    this.#length = at;
  }

  /** Writes a finite number. */
  number(value: number): void {
    this.ascii(`${value}`);
  }

  /** Writes a list, each item with `write`. */
  list<T>(items: readonly T[], write: (json: JsonBytes, item: T) => void): void {
    this.ascii("[");
    // By index, so that a hole is an item too.
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
