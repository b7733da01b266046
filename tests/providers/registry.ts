/** Where every copy of OpenTelemetry's API looks for what is registered in the process. */

const REGISTRY = Symbol.for("opentelemetry.js.api.1");

/**
 * Forgets it. Who unregisters leaves the version of its copy behind, and a copy of another version can
 * then register nothing; where many test files share a process, that would be the next one's.
 */
export function forgetRegistry(): void {
  delete (globalThis as { [REGISTRY]?: unknown })[REGISTRY];
}
