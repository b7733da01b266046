/**
 * The resource that is sent with every batch of spans: the service, this instance of it, and the SDK.
 * There are no resource detectors, which query the host, the process and the file system and fail on
 * runtimes without them.
 *
 * @module
 */
import type { Attributes } from "@opentelemetry/api";
import type { ReadableSpan, TracerProviderOptions } from "@opentelemetry/sdk-trace";
import type { Sdk, TracingOptions } from "./options.ts";
import { readPairs, readVariable } from "./variables.ts";

type Resource = NonNullable<TracerProviderOptions["resource"]>;

/** The attributes of the resource: options win over variables, variables over defaults. */
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
 * The SDK's `telemetry.sdk.*` attributes, which the conventions require. They are in its default
 * resource, which is visible only on a span.
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
    // In workerd there are no random numbers outside of a request.
    return {};
  }
}

/**
 * A resource with these attributes. The SDK accepts one but exports no way to make one, and the
 * package that does is not a dependency of hammerwork.
 */
export function resourceOf(attributes: Attributes): Resource {
  const own = Object.fromEntries(
    Object.entries(attributes).filter(([, value]) => value !== undefined && value !== null),
  );
  return {
    attributes: own,
    asyncAttributesPending: false,
    // The attributes of the other resource win, as the specification says.
    merge: (other) => resourceOf({ ...own, ...other?.attributes }),
    getRawAttributes: () => Object.entries(own),
  };
}
