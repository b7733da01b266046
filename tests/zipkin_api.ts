/**
 * What Zipkin allows in the body of `POST /api/v2/spans`: the definitions of zipkin-api's published
 * description, `zipkin2-api.yaml`, with the limits that its text gives.
 */

import {
  all,
  type Check,
  id,
  isObject,
  list,
  object,
  text,
  violationsIn,
  where,
  whole,
} from "./json_shape.ts";

/** Every way in which a body breaks the description; none for a good one. */
export function zipkinViolations(body: string): readonly string[] {
  return violationsIn(body, list(spanOf(thisCentury)));
}

/** Likewise, of spans that may be of any time. */
export function zipkinViolationsAtAnyTime(body: string): readonly string[] {
  return violationsIn(body, list(spanOf(whole(0, 2 ** 63 - 1024))));
}

// In microseconds: milliseconds and nanoseconds are far off.
const thisCentury = whole(946_684_800_000_000, 4_102_444_800_000_000);

const endpoint = object({
  serviceName: text,
  ipv4: where((value) => /^(\d{1,3}\.){3}\d{1,3}$/.test(String(value)), "an IPv4 address"),
  ipv6: where((value) => /^[0-9a-f:.]+$/i.test(String(value)), "an IPv6 address"),
  port: whole(1, 65_535),
});

const tags = where(
  (value) =>
    isObject(value) &&
    Object.entries(value).flat().every((tag) => typeof tag === "string" && tag.isWellFormed()),
  "tags that are all well-formed strings",
);

const kinds = ["CLIENT", "SERVER", "PRODUCER", "CONSUMER"];

const spanOf = (timestamp: Check) =>
  object(
    {
      // 64 bits are allowed as well, but a trace of ours has 128.
      traceId: id(32),
      name: all(text, where((value) => value !== "", "absent rather than empty")),
      parentId: id(16),
      id: id(16),
      kind: where((value) => kinds.includes(String(value)), `one of ${kinds.join(", ")}`),
      timestamp,
      duration: whole(1, Number.MAX_SAFE_INTEGER),
      debug: where((value) => typeof value === "boolean", "a boolean"),
      shared: where((value) => typeof value === "boolean", "a boolean"),
      localEndpoint: endpoint,
      remoteEndpoint: endpoint,
      annotations: list(object({ timestamp, value: text }, "timestamp", "value")),
      tags,
    },
    "traceId",
    "id",
    "timestamp",
    "duration",
    "localEndpoint",
  );
