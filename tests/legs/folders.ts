/** Which folders under tests/ run where. */

/** Whatever the runtime: nothing in them needs a file, a process or a server of its own. */
export const portableFolders: readonly string[] = [
  "runtimes",
  "specification",
  "providers",
  "packages/otel3",
];

/** On Node, Bun and Deno: with files and with packages that no edge runtime has. */
export const serverFolders: readonly string[] = [...portableFolders, "loggers", "sqlite"];
