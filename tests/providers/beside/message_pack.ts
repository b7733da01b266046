/** Reads MessagePack, as far as Datadog's tracer writes it. Integers of 64 bits come as bigints. */

/** Reads one value. */
export function readMessagePack(bytes: Uint8Array): unknown {
  return new Reader(bytes).value();
}

class Reader {
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  value(): unknown {
    const type = this.#integer(1);
    if (type < 0x80) return type;
    if (type < 0x90) return this.#map(type & 0x0f);
    if (type < 0xa0) return this.#list(type & 0x0f);
    if (type < 0xc0) return this.#text(type & 0x1f);
    if (type >= 0xe0) return type - 0x100;
    switch (type) {
      case 0xc0:
        return null;
      case 0xc2:
      case 0xc3:
        return type === 0xc3;
      case 0xcb:
        return this.#view.getFloat64(this.#skip(8));
      case 0xcc:
      case 0xcd:
      case 0xce:
        return this.#integer(2 ** (type - 0xcc));
      case 0xcf:
        return this.#view.getBigUint64(this.#skip(8));
      case 0xd0:
        return this.#view.getInt8(this.#skip(1));
      case 0xd1:
        return this.#view.getInt16(this.#skip(2));
      case 0xd2:
        return this.#view.getInt32(this.#skip(4));
      case 0xd3:
        return this.#view.getBigInt64(this.#skip(8));
      case 0xd9:
      case 0xda:
      case 0xdb:
        return this.#text(this.#integer(2 ** (type - 0xd9)));
      case 0xdc:
      case 0xdd:
        return this.#list(this.#integer(2 ** (type - 0xdb)));
      case 0xde:
      case 0xdf:
        return this.#map(this.#integer(2 ** (type - 0xdd)));
    }
    throw new Error(`MessagePack of Datadog's tracer was expected: got the type ${type}`);
  }

  #list(length: number): readonly unknown[] {
    return Array.from({ length }, () => this.value());
  }

  #map(length: number): unknown {
    return Object.fromEntries(Array.from({ length }, () => [this.value(), this.value()]));
  }

  #text(length: number): string {
    const start = this.#view.byteOffset + this.#skip(length);
    return new TextDecoder().decode(new Uint8Array(this.#view.buffer, start, length));
  }

  #integer(bytes: number): number {
    let value = 0;
    for (const end = this.#at + bytes; this.#at < end;) {
      value = value * 256 + this.#view.getUint8(this.#at++);
    }
    return value;
  }

  #skip(bytes: number): number {
    const at = this.#at;
    this.#at += bytes;
    return at;
  }
}
