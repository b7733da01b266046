/**
 * W3C Baggage: a caller's own names and values, carried with the job to its handler where the queue
 * is told to.
 *
 * @module
 */
import {
  type Baggage,
  type BaggageEntry,
  baggageEntryMetadataFromString,
  type Context,
  propagation,
} from "@opentelemetry/api";

// What every receiver must take, and OpenTelemetry's propagator keeps to: W3C Baggage 3.3.2.
const MOST_ENTRIES = 180;
const LONGEST_ENTRY = 4_096;
const LONGEST_HEADER = 8_192;

/** The caller's active baggage as a header, if it has any. A context manager that throws has none. */
export function activeBaggage(): string | undefined {
  try {
    const baggage = propagation.getActiveBaggage();
    return baggage && writeBaggage(baggage);
  } catch {
    return undefined;
  }
}

/** A context with the baggage of a header in it. */
export function withBaggage(context: Context, header: string | undefined): Context {
  const baggage = header === undefined ? undefined : readBaggage(header);
  return baggage === undefined ? context : propagation.setBaggage(context, baggage);
}

/** Takes from a header what W3C allows; `undefined` when nothing is left. */
export function checkedBaggage(header: string): string | undefined {
  const baggage = readBaggage(header);
  return baggage && writeBaggage(baggage);
}

function readBaggage(header: string): Baggage | undefined {
  const entries = header.split(",").flatMap(readEntry);
  return entries.length === 0 ? undefined : propagation.createBaggage(Object.fromEntries(entries));
}

/** `key=value;metadata`, percent-encoded. What cannot be read is passed over. */
function readEntry(text: string): [string, BaggageEntry][] {
  const [, key, value, metadata] = ENTRY.exec(text) ?? [];
  if (key === undefined || value === undefined) return [];
  try {
    const entry: BaggageEntry = { value: decodeURIComponent(value) };
    if (metadata) entry.metadata = baggageEntryMetadataFromString(metadata);
    return [[decodeURIComponent(key), entry]];
  } catch {
    return [];
  }
}

const ENTRY = /^\s*([^=;\s]+)\s*=\s*([^;]*?)\s*(?:;\s*(.*?)\s*)?$/s;

function writeBaggage(baggage: Baggage): string | undefined {
  let header = "";
  for (const [key, { value, metadata }] of baggage.getAllEntries().slice(0, MOST_ENTRIES)) {
    const entry = `${encodeURIComponent(key)}=${encodeURIComponent(value)}` +
      (metadata ? `;${metadata}` : "");
    if (entry.length > LONGEST_ENTRY) continue;
    const longer = header === "" ? entry : `${header},${entry}`;
    if (longer.length <= LONGEST_HEADER) header = longer;
  }
  return header || undefined;
}
