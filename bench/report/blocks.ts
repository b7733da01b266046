/**
 * Tables between marks, `<!-- bench: drain -->` and `<!-- /bench -->`, by which a document can show
 * what another one has, word for word.
 *
 * @module
 */

/** A table between its marks. */
export function marked(name: string, table: string): string {
  return `<!-- bench: ${name} -->\n\n${table}\n\n<!-- /bench -->`;
}

/** What is between the marks of a document, by name. */
export function blocksOf(markdown: string): ReadonlyMap<string, string> {
  const found = markdown.matchAll(/<!-- bench: ([\w-]+) -->\n\n(.*?)\n\n<!-- \/bench -->/gs);
  return new Map([...found].map(([, name, table]) => [name!, table!]));
}

/** What a document shows that the given results do not have: blocks, and numbers beside them. */
export function strayFigures(markdown: string, results: string): readonly string[] {
  const strayBlocks = [...blocksOf(markdown)]
    .filter(([name, table]) => !results.includes(marked(name, table)))
    .map(([name]) => `bench: ${name}`);
  const beside = markdown.replaceAll(/<!-- bench: .*?<!-- \/bench -->/gs, "");
  const measured = new Set(numbersIn(results));
  return [...strayBlocks, ...numbersIn(beside).filter((number) => !measured.has(number))];
}

function numbersIn(text: string): readonly string[] {
  return [...text.matchAll(/\d(?:[\d.,]*\d)?/g)].map(([number]) => number);
}
