/**
 * Characters that must not reach a terminal from elsewhere.
 *
 * @module
 */

/**
 * Text without what steers a terminal, hides or turns round what is written, or is no character:
 * control and format characters, line and paragraph separators, halves of surrogate pairs, tags and
 * fillers. Each becomes the escape that JSON has for it, `\u001b`, also a line break or a tab. So JSON
 * stays JSON with the same value.
 */
export function withoutSteering(text: string): string {
  return text.replace(STEERING, escapeOf);
}

/** The same of a text of several lines, which stay lines. */
export function linesWithoutSteering(text: string): string {
  return text.split("\n").map(withoutSteering).join("\n");
}

// Of what is ignorable by default, the selectors between text and emoji are ordinary.
const STEERING = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]|(?![\ufe00-\ufe0f])\p{DI}/gu;

function escapeOf(character: string): string {
  let escape = "";
  for (let i = 0; i < character.length; i++) {
    escape += `\\u${character.charCodeAt(i).toString(16).padStart(4, "0")}`;
  }
  return escape;
}
