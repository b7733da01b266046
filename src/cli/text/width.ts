/**
 * Text in a terminal: its width, cutting, padding, and escaping of control characters.
 *
 * @module
 */
import { escapeControlCharacters } from "../../control_characters.ts";

/** The number of columns that text takes. */
export function widthOf(text: string): number {
  let width = 0;
  for (const character of text) width += columnsOf(character);
  return width;
}

/** Cuts text to a width; a cut is marked with an ellipsis. */
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

/** Breaks text into lines, at spaces where it can; what does not fit the last one is cut off. */
export function wrapped(text: string, columns: number, mostLines: number): readonly string[] {
  const lines: string[] = [];
  let rest = text;
  while (lines.length < mostLines - 1 && widthOf(rest) > columns) {
    const end = endOfLine(rest, columns);
    lines.push(rest.slice(0, end).trimEnd());
    rest = rest.slice(end).trimStart();
  }
  return rest === "" && lines.length > 0 ? lines : [...lines, cut(rest, columns)];
}

/** Where a line of this width ends: behind a space after its first third, else where it is full. */
function endOfLine(text: string, columns: number): number {
  let width = 0;
  let end = 0;
  let space = 0;
  for (const character of text) {
    width += columnsOf(character);
    // A space that does not fit is left out.
    if (character === " " && width > columns / 3) space = end + 1;
    if (width > columns) break;
    end += character.length;
  }
  return space > 0 ? space : Math.max(end, 1);
}

/** Puts texts two spaces apart on lines, as many on each as fit. */
export function flowed(
  texts: readonly string[],
  columns: number,
  paint: (text: string, index: number) => string = (text) => text,
): readonly string[] {
  const lines: string[] = [];
  let width = 0;
  for (const [index, text] of texts.entries()) {
    const painted = paint(text, index);
    if (lines.length === 0 || width + GAP.length + widthOf(text) > columns) {
      lines.push(painted);
      width = widthOf(text);
    } else {
      lines[lines.length - 1] += GAP + painted;
      width += GAP.length + widthOf(text);
    }
  }
  return lines;
}

/** What stands between the parts of a line. */
export const GAP = "  ";

/** Pads text to a width. */
export function padded(text: string, columns: number, isFlushRight: boolean = false): string {
  const space = " ".repeat(Math.max(0, columns - widthOf(text)));
  return isFlushRight ? space + text : text + space;
}

/**
 * Text from a store on one line. A payload or an error message must not be able to move the cursor
 * or to imitate output of this program.
 */
export function printable(text: string): string {
  const lines = text.split("\n");
  const line = lines.length === 1
    ? text
    : lines.map((line) => line.trim()).filter((line) => line !== "").join(" ");
  return escapeControlCharacters(line.replaceAll("\t", " "));
}

const NONE = /^[\p{Mn}\p{Me}\p{Cf}]$/u;
// East Asian wide characters and emoji.
const WIDE =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}\p{Emoji_Presentation}]$/u;

function columnsOf(character: string): number {
  if (character <= "~") return 1;
  if (NONE.test(character)) return 0;
  return WIDE.test(character) ? 2 : 1;
}
