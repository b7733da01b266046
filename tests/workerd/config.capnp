# What `workerd test` runs. bundle.ts copies this file next to the bundle.
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (
      name = "tests",
      worker = (
        modules = [(name = "tests.js", esModule = embed "tests.js")],
        compatibilityDate = "2026-07-01",
        compatibilityFlags = ["nodejs_compat"],
        # Text bindings are process.env here.
        bindings = [
          (name = "COLLECTOR_URL", fromEnvironment = "COLLECTOR_URL"),
          (name = "DATABASE_URL", fromEnvironment = "DATABASE_URL"),
          (name = "WHY_NO_DATABASE", fromEnvironment = "WHY_NO_DATABASE"),
        ],
      ),
    ),
    # By default only public addresses can be reached, but these servers are on this machine.
    (name = "internet", network = (allow = ["private", "local"])),
  ],
);
