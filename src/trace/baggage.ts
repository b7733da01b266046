/**
 * W3C Baggage: names and values of the caller, stored with the job and restored for its handler, where
 * the queue's options say so.
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

// What every receiver must accept (W3C Baggage 3.3.2), and the limits of OpenTelemetry's propagator.
const MAX_ENTRIES = 180;
const MAX_ENTRY_LENGTH = 4_096;
const MAX_HEADER_LENGTH = 8_192;

/** The active baggage as a header; `undefined` if there is none or the context manager throws. */
export function activeBaggage(): string | undefined {
  try {
    const baggage = propagation.getActiveBaggage();
    return baggage && writeBaggage(baggage);
  } catch {
    return undefined;
  }
}

/** A context with the baggage of a header. */
export function withBaggage(context: Context, header: string | undefined): Context {
  const baggage = header === undefined ? undefined : readBaggage(header);
  return baggage === undefined ? context : propagation.setBaggage(context, baggage);
}

/** The valid entries of a header; `undefined` when there are none. */
export function sanitizeBaggage(header: string): string | undefined {
  const baggage = readBaggage(header);
  return baggage && writeBaggage(baggage);
}

function readBaggage(header: string): Baggage | undefined {
  // Twice the limit, because a header may have white space and entries that are skipped.
  if (header.length > 2 * MAX_HEADER_LENGTH) return undefined;
  const entries = header.split(",").flatMap(readEntry);
  return entries.length === 0 ? undefined : propagation.createBaggage(Object.fromEntries(entries));
}

/** `key=value;metadata`, percent-encoded. Entries that are not valid are skipped. */
function readEntry(text: string): [string, BaggageEntry][] {
  const [pair = "", ...metadata] = text.split(";");
  const at = pair.indexOf("=");
  const key = pair.slice(0, Math.max(0, at)).trim();
  if (key === "" || /\s/.test(key)) return [];
  try {
    const entry: BaggageEntry = { value: decodeURIComponent(pair.slice(at + 1).trim()) };
    const properties = metadata.join(";").trim();
    if (properties !== "") entry.metadata = baggageEntryMetadataFromString(properties);
    return [[decodeURIComponent(key), entry]];
  } catch {
    return [];
  }
}

function writeBaggage(baggage: Baggage): string | undefined {
  let header = "";
  for (const [key, value] of baggage.getAllEntries().slice(0, MAX_ENTRIES)) {
    const entry = writeEntry(key, value);
    if (entry === undefined || entry.length > MAX_ENTRY_LENGTH) continue;
    const longer = header === "" ? entry : `${header},${entry}`;
    if (longer.length <= MAX_HEADER_LENGTH) header = longer;
  }
  return header || undefined;
}

/** An unpaired surrogate cannot be encoded. */
function writeEntry(key: string, { value, metadata }: BaggageEntry): string | undefined {
  try {
    const pair = `${encodeURIComponent(key)}=${encodeURIComponent(value)}`;
    return metadata ? `${pair};${metadata}` : pair;
  } catch {
    return undefined;
  }
}
