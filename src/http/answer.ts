/**
 * Answers: always JSON, never cached, never taken for anything else by a browser.
 *
 * @module
 */
import { type RequestError, statusOfCode } from "./request_error.ts";

/** What an operation answers. */
export interface Answer {
  /** The HTTP status. */
  readonly status: number;
  /** Written as JSON: a date as an ISO string, `undefined` left out. */
  readonly body: unknown;
  /** More headers. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** An answer as a response. */
export function toResponse({ status, body, headers }: Answer): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: {
      "content-type": "application/json",
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      ...headers,
    },
  });
}

// A sentence may quote its input, and the input may be long.
const LONGEST_MESSAGE = 1_000;

/** An error as an answer. */
export function errorAnswer({ code, message, details, headers }: RequestError): Answer {
  const sentence = message.length > LONGEST_MESSAGE
    ? `${message.slice(0, LONGEST_MESSAGE)}…`
    : message;
  return {
    status: statusOfCode[code],
    body: { error: { code, message: sentence, ...details } },
    headers,
  };
}
