/**
 * A job queue over HTTP: a Hono app with rights, limits and an OpenAPI document, to be mounted at any
 * path. Needs the package `hono`: without it this import fails with `ERR_MODULE_NOT_FOUND`.
 *
 * @module
 */
export { jobRouter } from "./http/router.ts";
export type {
  Access,
  Authorize,
  JobRouterOptions,
  QueueRights,
  Right,
  RouterPage,
} from "./http/router_options.ts";
export type { Redact, RedactedField } from "./http/redaction.ts";
export {
  bearerToken,
  type TokenRight,
  type TokenRights,
  type Tokens,
  type TokensByRight,
} from "./http/bearer_token.ts";
export type { SchemaIssue, SchemaResult, StandardSchema } from "./http/standard_schema.ts";
