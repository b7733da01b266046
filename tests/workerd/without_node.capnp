# workerd without `nodejs_compat`: no AsyncLocalStorage, no `process`, nothing of Node's.
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (
      name = "tests",
      worker = (
        modules = [(name = "tests.js", esModule = embed "tests.js")],
        # From 2026-08-04 on, nodejs_compat is on by itself.
        compatibilityDate = "2026-07-01",
      ),
    ),
  ],
);
