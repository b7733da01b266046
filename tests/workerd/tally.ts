import { inspect } from "node:util";

/** Where a test is: its file, the suites around it, its own name. */
export type Path = readonly string[];

/** Says how each test ended as it ends, counts, and answers whether that was well. */
export class Tally {
  passed = 0;
  failed = 0;
  skipped = 0;

  pass(path: Path): boolean {
    this.passed++;
    console.log(`✔ ${titleOf(path)}`);
    return true;
  }

  skip(path: Path, why: boolean | string): boolean {
    this.skipped++;
    console.log(`﹣ ${titleOf(path)}${typeof why === "string" ? ` (${why})` : ""}`);
    return true;
  }

  fail(path: Path, failures: readonly unknown[]): boolean {
    this.failed++;
    const reasons = failures.map((failure) => `\n${inspect(failure)}`).join("");
    console.log(`✖ ${titleOf(path)}${reasons.replaceAll("\n", "\n  ")}`);
    return false;
  }

  /** The line that tests/legs/workerd.ts reads. */
  close(): void {
    console.log(`\n${this.passed} passed, ${this.failed} failed, ${this.skipped} skipped`);
  }
}

function titleOf(path: Path): string {
  return path.join(" > ");
}
