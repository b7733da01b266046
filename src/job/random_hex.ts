/**
 * Random hex digits for ids. Asking the runtime's secure source takes longer than all else about an
 * id, and it gives many bytes as fast as few: so it is asked for a supply.
 *
 * @module
 */

// An id is a view of its supply's text and keeps it in memory: so the supply is a small one.
const SUPPLY_BYTES = 512;
const DIGITS: Uint8Array = new TextEncoder().encode("0123456789abcdef");

// Filled at the first use: workerd lets no module ask for randomness while it loads.
let supply = "";
let used = 0;

/** As many random bytes as asked for, at most 512, as lower-case hex digits: two for each byte. */
export function randomHex(byteCount: number): string {
  const length = 2 * byteCount;
  if (used + length > supply.length) {
    supply = newSupply();
    used = 0;
  }
  return supply.slice(used, used += length);
}

function newSupply(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(SUPPLY_BYTES));
  const digits = new Uint8Array(2 * SUPPLY_BYTES);
  for (let i = 0; i < SUPPLY_BYTES; i++) {
    digits[2 * i] = DIGITS[bytes[i]! >> 4]!;
    digits[2 * i + 1] = DIGITS[bytes[i]! & 0x0f]!;
  }
  return new TextDecoder().decode(digits);
}
