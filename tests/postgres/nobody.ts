import process from "node:process";

/** Whom a server runs as: PostgreSQL and pgbouncer refuse to run as root, so there as nobody. */
export const nobody: { readonly uid?: number; readonly gid?: number } = process.getuid?.() === 0
  ? { uid: 65_534, gid: 65_534 }
  : {};
