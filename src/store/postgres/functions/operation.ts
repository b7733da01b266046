/**
 * What an operator did to a job, as it is stored with it.
 *
 * @module
 */
import type { Operation } from "../../../job/record.ts";

/**
 * An operation at the time `t`; null without an operator. The operator is a parameter of the function, as
 * JSON; one that is an operation already stays as it is.
 */
export function operationOf(name: Operation["name"], operator: string): string {
  return `(jsonb_build_object('name', '${name}', 'at', round(date_part('epoch', t) * 1000)::bigint)
      || ${operator}::jsonb)::json`;
}
