/**
 * What is said of the service with every batch of spans: what was given, which SDK made them, and an
 * id for this instance of the service. No detectors, which would ask the host, the process and the
 * file system, and break where there are none.
 *
 * @module
 */
import type { Attributes } from "@opentelemetry/api";
import type { ReadableSpan, TracerProviderOptions } from "@opentelemetry/sdk-trace";
import type { TracingOptions } from "./tracing_options.ts";
import { readPairs, readVariable } from "./variables.ts";

type Sdk = typeof import("@opentelemetry/sdk-trace");
type Resource = NonNullable<TracerProviderOptions["resource"]>;

/** Describes the service. From the weakest to the strongest: defaults, the variables, the options. */
export function describeService(options: TracingOptions, sdk: Sdk): Attributes {
  const { env, serviceName, serviceVersion, environment } = options;
  const nameFromEnv = readVariable("OTEL_SERVICE_NAME", env);
  return {
    ...sdkAttributes(sdk),
    "service.name": "hammerwork",
    ...instanceId(),
    ...readPairs(["OTEL_RESOURCE_ATTRIBUTES"], env),
    ...(nameFromEnv !== undefined && { "service.name": nameFromEnv }),
    ...options.resourceAttributes,
    ...(serviceName !== undefined && { "service.name": serviceName }),
    ...(serviceVersion !== undefined && { "service.version": serviceVersion }),
    ...(environment !== undefined && { "deployment.environment.name": environment }),
  };
}

/**
 * The SDK's own words for itself, `telemetry.sdk.*`, which the conventions require. It has them in the
 * resource that it takes by default, which is to be seen on a span only.
 */
function sdkAttributes(sdk: Sdk): Attributes {
  const provider = new sdk.TracerProvider({ sampler: new sdk.AlwaysOnSampler() });
  const { resource } = provider.getTracer("").startSpan("") as unknown as Partial<ReadableSpan>;
  return Object.fromEntries(
    Object.entries(resource?.attributes ?? {}).filter(([key]) => key.startsWith("telemetry.sdk.")),
  );
}

function instanceId(): Attributes {
  try {
    return { "service.instance.id": crypto.randomUUID() };
  } catch {
    // In workerd nothing is random outside a request.
    return {};
  }
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
