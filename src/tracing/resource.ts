/**
 * What is said of the service with every batch of spans: exactly what was given. No detectors, which
 * would ask the host, the process and the file system, and break where there are none.
 *
 * @module
 */
import type { Attributes } from "@opentelemetry/api";
import type { TracerProviderOptions } from "@opentelemetry/sdk-trace";
import type { TracingOptions } from "./tracing_options.ts";
import { readPairs, readVariable } from "./variables.ts";

type Resource = NonNullable<TracerProviderOptions["resource"]>;

/** Describes the service. From the weakest to the strongest: the default, the variables, the options. */
export function describeService(options: TracingOptions): Attributes {
  const { env, serviceName, serviceVersion, environment } = options;
  const nameFromEnv = readVariable("OTEL_SERVICE_NAME", env);
  return {
    "service.name": "hammerwork",
    ...readPairs(["OTEL_RESOURCE_ATTRIBUTES"], env),
    ...(nameFromEnv !== undefined && { "service.name": nameFromEnv }),
    ...options.resourceAttributes,
    ...(serviceName !== undefined && { "service.name": serviceName }),
    ...(serviceVersion !== undefined && { "service.version": serviceVersion }),
    ...(environment !== undefined && { "deployment.environment.name": environment }),
  };
}

/**
 * A resource of these attributes. Made here, because the SDK takes one but exports no way to make
 * one, and the package that does is not ours to import under a strict package manager.
 */
export function resourceOf(attributes: Attributes): Resource {
  const own = Object.fromEntries(
    Object.entries(attributes).filter(([, value]) => value !== undefined && value !== null),
  );
  return {
    attributes: own,
    asyncAttributesPending: false,
    // The other resource wins, as the specification says.
    merge: (other) => resourceOf({ ...own, ...other?.attributes }),
    getRawAttributes: () => Object.entries(own),
  };
}
