/**
 * An operation of the router: its route and its entry in the OpenAPI document are made from it.
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

/** A parameter as the OpenAPI document describes it. */
export interface Parameter {
  /** Its name. */
  readonly name: string;
  /** Where a request has it. */
  readonly in: "path" | "query" | "header";
  /** A sentence. */
  readonly description: string;
  /** Whether it is required. Default: for parameters in the path. */
  readonly required?: boolean | undefined;
  /** The schema of its value. */
  readonly schema: JsonSchema;
  /** An example of its value. */
  readonly example: unknown;
  /** How a list is written. Default: the parameter is repeated. */
  readonly style?: "form";
  /** `false` for a list separated by commas. */
  readonly explode?: boolean;
}

/** A body of a request or a response as the OpenAPI document describes it. */
export interface Content {
  /** A sentence. */
  readonly description: string;
  /** The name of its schema in the document. */
  readonly schema: string;
  /** An example. */
  readonly example?: unknown;
}

/** A request to an operation, with what the operation needs to answer it. */
export interface OperationCall {
  /** The queue, for changes. */
  readonly queue: JobQueue;
  /** The jobs that the request may read. */
  readonly jobs: AllowedJobs;
  /** The rights of the request. */
  readonly rights: Rights;
  /** The settings of the router. */
  readonly settings: RouterSettings;
  /** The request. Its body has been read. */
  readonly request: Request;
  /** The value of the path's parameter, decoded; empty when the path has none. */
  readonly id: string;
  /** The parameters of the query. */
  readonly query: URLSearchParams;
  /** The body; `{}` where there is none. */
  readonly body: JsonObject;
}

/** An operation. */
export interface HttpOperation {
  /** Its name in the document and in `Access`. */
  readonly operationId: string;
  /** `POST` when it changes something. Only then it has a body. */
  readonly method: "GET" | "POST";
  /** Its path, with at most one parameter, in braces. */
  readonly path: string;
  /** The right that it needs. */
  readonly right: Right;
  /** A short sentence. */
  readonly summary: string;
  /** Its parameters. */
  readonly parameters?: readonly Parameter[] | undefined;
  /** Its body. */
  readonly body?: Content & { readonly required: boolean } | undefined;
  /** What it answers when it succeeds, by HTTP status. */
  readonly answers: Readonly<Record<number, Content>>;
  /** The errors that it can answer, except those that are common to all operations. */
  readonly errors: readonly ErrorCode[];
  /** Runs it. */
  readonly run: (call: OperationCall) => Promise<OperationResult>;
}
