// Controls, and the marks that turn or hide the text round them: a Client Identifier must not be able to look like another one.
const DECEPTIVE = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;
const LINE_BREAKS = /[\t\n\r]/g;

/** Text of a peer as it may be shown: characters that would hide or reorder it are written as escapes. Breaks and tabs stay. */
export function visibleText(text: string): string {
  return text.replace(DECEPTIVE, escaped);
}

/** The same on one line: breaks and tabs are escapes too. */
export function visibleLine(text: string): string {
  return visibleText(text).replace(LINE_BREAKS, escaped);
}

function escaped(character: string): string {
  return `\\u{${character.charCodeAt(0).toString(16).padStart(2, "0")}}`;
}
