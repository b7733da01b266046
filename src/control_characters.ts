/**
 * Text from elsewhere made safe to print on a terminal.
 *
 * @module
 */

/**
 * Escapes every character that can control a terminal, hide text or reverse it, or that is no
 * character: control and format characters, line and paragraph separators, unpaired surrogates, tags
 * and fillers. Each becomes its JSON escape, such as `\u001b`, line breaks and tabs included, so JSON
 * stays JSON with the same value.
 */
export function escapeControlCharacters(text: string): string {
  return text.replace(CONTROL_CHARACTERS, escapeOf);
}

/** Escapes the same characters except line feeds. */
export function escapeControlCharactersInLines(text: string): string {
  return text.split("\n").map(escapeControlCharacters).join("\n");
}

// The selectors between text and emoji (U+FE00 to U+FE0F) are ignorable by default, but harmless.
const CONTROL_CHARACTERS = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]|(?![\ufe00-\ufe0f])\p{DI}/gu;

function escapeOf(character: string): string {
  let escape = "";
  for (let i = 0; i < character.length; i++) {
    escape += `\\u${character.charCodeAt(i).toString(16).padStart(4, "0")}`;
  }
  return escape;
}
