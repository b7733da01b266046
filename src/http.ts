/**
 * Jobs over HTTP: a Hono app for any path of your own, with rights, limits and an OpenAPI document.
 *
 * @module
 */
export { jobRouter } from "./http/router.ts";
export type { Authorize, JobRouterOptions, Right } from "./http/router_options.ts";
export type { PageOptions } from "./http/page/page_options.ts";
export { bearerToken, type Tokens } from "./http/bearer_token.ts";
export type { SchemaIssue, SchemaResult, StandardSchema } from "./http/standard_schema.ts";
