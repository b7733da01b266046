/** Every character that must not reach a terminal from elsewhere, by a list of its own. */

const ranges: readonly (readonly [from: number, to: number])[] = [
  [0x00, 0x1f],
  [0x7f, 0x9f],
  [0xad, 0xad],
  [0x61c, 0x61c],
  [0x200b, 0x200f],
  [0x2028, 0x202e],
  [0x2060, 0x206f],
  [0xd800, 0xdfff],
  [0xfeff, 0xfeff],
  [0xfff9, 0xfffb],
  [0xe0000, 0xe007f],
];

/** Each once, apart from each other so that no two surrogates are a pair. */
export const controlCharacters: readonly string[] = ranges.flatMap(([from, to]) =>
  Array.from({ length: to - from + 1 }, (_, i) => String.fromCodePoint(from + i))
);

/** All of them in one text. */
export const controlText: string = controlCharacters.join("|");

/** Those of them that a text has all the same; a line break of ours is none. */
export function controlCharactersIn(text: string): readonly string[] {
  const found = new Set<string>();
  for (const character of text) {
    const code = character.codePointAt(0)!;
    const isSteering = ranges.some(([from, to]) => code >= from && code <= to);
    if (isSteering && character !== "\n") found.add(`U+${code.toString(16)}`);
  }
  return [...found];
}
