/**
 * OTLP over HTTP as JSON: the request, and the partial success in its response.
 *
 * @module
 */
import { type Acceptance, acceptedAll, type Protocol } from "../protocol.ts";
import { encodeSpans, recycleSpans } from "./encode.ts";

/** OTLP/HTTP with JSON, which every OpenTelemetry collector accepts. */
export const otlp: Protocol = {
  encode: encodeSpans,
  recycle: (json) => {
    if (typeof json !== "string") recycleSpans(json);
  },
  readAcceptance,
};

/** An `ExportTraceServiceResponse`. The number is a string, as JSON has 64-bit integers in OTLP. */
interface ExportResponse {
  readonly partialSuccess?: {
    readonly rejectedSpans?: number | string;
    readonly errorMessage?: unknown;
  } | null;
}

/** Any other body counts as a full success, as the status says. */
function readAcceptance(body: string): Acceptance {
  try {
    const response = JSON.parse(body) as ExportResponse | null;
    const { rejectedSpans = 0, errorMessage = "" } = response?.partialSuccess ?? {};
    return {
      rejectedSpans: Math.max(0, Math.trunc(Number(rejectedSpans)) || 0),
      message: String(errorMessage ?? ""),
    };
  } catch {
    return acceptedAll;
  }
}
