/**
 * What an operation is: one entry each, from which both the routes and the OpenAPI document are made.
 *
 * @module
 */
import type { JobQueue } from "../queue/queue.ts";
import type { AllowedJobs } from "./allowed_jobs.ts";
import type { JsonObject } from "./input.ts";
import type { ErrorCode } from "./request_error.ts";
import type { Rights } from "./rights.ts";
import type { Right, RouterSettings } from "./router_options.ts";

/** What an operation answers. */
export interface OperationResult {
  /** The HTTP status. */
  readonly status: number;
  /** Written as JSON: a date as an ISO string, `undefined` left out. */
  readonly body: unknown;
  /** More headers. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** A JSON Schema of the dialect 2020-12, or a part of one. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** What is documented of a parameter. */
export interface Parameter {
  /** Its name. */
  readonly name: string;
  /** Where it stands. */
  readonly in: "path" | "query" | "header";
  /** A sentence. */
  readonly description: string;
  /** Whether it must be given. Default: what stands in the path must, nothing else. */
  readonly required?: boolean | undefined;
  /** What it can be. */
  readonly schema: JsonSchema;
  /** A value of it. */
  readonly example: unknown;
  /** How a list is written, where that is not by repeating the parameter. */
  readonly style?: "form";
  /** `false` for a list by comma. */
  readonly explode?: boolean;
}

/** What is documented of a body or an answer. */
export interface Content {
  /** A sentence. */
  readonly description: string;
  /** The name of its schema among those of the document. */
  readonly schema: string;
  /** One of it. */
  readonly example?: unknown;
}

/** A request to an operation, as far as it is read. */
export interface OperationCall {
  /** The queue, to change something. */
  readonly queue: JobQueue;
  /** Its jobs, as far as the request may see them. */
  readonly jobs: AllowedJobs;
  /** What the request may do. */
  readonly rights: Rights;
  /** What bounds and checks the request. */
  readonly settings: RouterSettings;
  /** The request. Its body has been read. */
  readonly request: Request;
  /** The value of the path's parameter, decoded. */
  readonly id: string;
  /** The parameters of the query. */
  readonly query: URLSearchParams;
  /** The body; `{}` where there is none. */
  readonly body: JsonObject;
}

/** One operation. */
export interface HttpOperation {
  /** Its name in the document. */
  readonly operationId: string;
  /** How it is called: a `POST` changes something and has a body. */
  readonly method: "GET" | "POST";
  /** Its path, a parameter in braces. */
  readonly path: string;
  /** What its caller must be allowed to. */
  readonly right: Right;
  /** A short sentence. */
  readonly summary: string;
  /** What it takes beside a body. */
  readonly parameters?: readonly Parameter[] | undefined;
  /** The body that it takes. */
  readonly body?: Content & { readonly required: boolean } | undefined;
  /** What it answers when all is well, by status. */
  readonly answers: Readonly<Record<number, Content>>;
  /** The errors that it answers beside those that every operation can. */
  readonly errors: readonly ErrorCode[];
  /** Does it. */
  readonly run: (call: OperationCall) => Promise<OperationResult>;
}
