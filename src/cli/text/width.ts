/**
 * Text as a terminal shows it: how wide it is, where to cut it, and nothing in it that steers.
 *
 * @module
 */

/** How many columns text takes. */
export function widthOf(text: string): number {
  let width = 0;
  for (const character of text) width += columnsOf(character);
  return width;
}

/** Cuts text that is wider than that, and says so with an ellipsis. */
export function cut(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  let kept = "";
  let width = 1;
  for (const character of text) {
    width += columnsOf(character);
    if (width > columns) break;
    kept += character;
  }
  return `${kept}…`;
}

/** Pads text to that width. */
export function padded(text: string, columns: number, isFlushRight: boolean = false): string {
  const space = " ".repeat(Math.max(0, columns - widthOf(text)));
  return isFlushRight ? space + text : text + space;
}

/**
 * Text from elsewhere on one line. A payload or an error message must not be able to move the cursor
 * or to write what looks like ours.
 */
export function printable(text: string): string {
  return text.replaceAll(/\s*\n\s*/g, " ").replaceAll(STEERING, (character) => {
    const code = character.codePointAt(0)!.toString(16).padStart(4, "0");
    return character === "\t" ? " " : `\\u${code}`;
  });
}

// Control characters, and those that turn the direction of writing round.
// deno-lint-ignore no-control-regex
const STEERING = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;

const NONE = /^[\p{Mn}\p{Me}\p{Cf}]$/u;
// East Asian wide characters and emoji.
const WIDE =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}\p{Emoji_Presentation}]$/u;

function columnsOf(character: string): number {
  if (character <= "~") return 1;
  if (NONE.test(character)) return 0;
  return WIDE.test(character) ? 2 : 1;
}
