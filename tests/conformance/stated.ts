/** A record without its absent fields: a store may leave them out or hand them out as undefined. */
export function stated<T extends object>(record: T): Partial<T> {
  const fields = Object.entries(record).filter(([, value]) => value !== undefined);
  return Object.fromEntries(fields) as Partial<T>;
}
