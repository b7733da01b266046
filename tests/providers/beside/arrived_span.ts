/** A span as another SDK's backend gets it, in the words of OpenTelemetry. */
export interface ArrivedSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  /** Absent, or without a digit above zero, of a root. */
  readonly parentId?: string | undefined;
  /** Whether it is a call of HTTP, and of which path. */
  readonly calledPath?: string | undefined;
}
