/**
 * The class of an error as a metric's attribute. Each value is a series of its own, so the values
 * must be few, whatever somebody writes into an error's name.
 *
 * @module
 */
import { nameOfThrown } from "../job/thrown.ts";

const CLASS_NAME = /^[A-Za-z_$][\w$.]{0,99}$/;
const MOST_TYPES = 100;

/**
 * The class of an error; OpenTelemetry's `_OTHER` for what is no class, or one too many beside those
 * that are known, to which it is added.
 */
export function errorTypeOf(error: unknown, known: Set<string>): string {
  const name = nameOfThrown(error);
  if (known.has(name)) return name;
  if (known.size >= MOST_TYPES || !CLASS_NAME.test(name)) return "_OTHER";
  known.add(name);
  return name;
}
