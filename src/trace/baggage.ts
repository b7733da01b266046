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
export function sanitizeBaggage(header: string): string | undefined {
  const baggage = readBaggage(header);
  return baggage && writeBaggage(baggage);
}

function readBaggage(header: string): Baggage | undefined {
  // Twice what may be kept: a header may hold white space and entries that are passed over.
  if (header.length > 2 * LONGEST_HEADER) return undefined;
  const entries = header.split(",").flatMap(readEntry);
  return entries.length === 0 ? undefined : propagation.createBaggage(Object.fromEntries(entries));
}

/** `key=value;metadata`, percent-encoded. What cannot be read is passed over. */
function readEntry(text: string): [string, BaggageEntry][] {
  const [pair = "", ...metadata] = text.split(";");
  const at = pair.indexOf("=");
  const key = pair.slice(0, Math.max(0, at)).trim();
  if (key === "" || /\s/.test(key)) return [];
  try {
    const entry: BaggageEntry = { value: decodeURIComponent(pair.slice(at + 1).trim()) };
    const said = metadata.join(";").trim();
    if (said !== "") entry.metadata = baggageEntryMetadataFromString(said);
    return [[decodeURIComponent(key), entry]];
  } catch {
    return [];
  }
}

function writeBaggage(baggage: Baggage): string | undefined {
  let header = "";
  for (const [key, value] of baggage.getAllEntries().slice(0, MOST_ENTRIES)) {
    const entry = writeEntry(key, value);
    if (entry === undefined || entry.length > LONGEST_ENTRY) continue;
    const longer = header === "" ? entry : `${header},${entry}`;
    if (longer.length <= LONGEST_HEADER) header = longer;
  }
  return header || undefined;
}

/** Half a surrogate pair cannot be sent. */
function writeEntry(key: string, { value, metadata }: BaggageEntry): string | undefined {
  try {
    const pair = `${encodeURIComponent(key)}=${encodeURIComponent(value)}`;
    return metadata ? `${pair};${metadata}` : pair;
  } catch {
    return undefined;
  }
}
