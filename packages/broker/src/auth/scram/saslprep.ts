/**
 * A password or user name in the form that both sides compute with (RFC 4013): other blanks are blanks, what is not seen is left out,
 * and compatible characters are one. Undefined for one with control characters or half a surrogate pair.
 */
export function saslprep(text: string): string | undefined {
  const seen = Array.from(text)
    .filter((character) => !isMappedToNothing(character.codePointAt(0)!))
    .join("");
  const prepared = seen.replaceAll(/[\u00a0\u1680\u2000-\u200b\u202f\u205f\u3000]/g, " ").normalize("NFKC");
  return /[\p{Cc}\p{Cs}\p{Co}\p{Noncharacter_Code_Point}]/u.test(prepared) ? undefined : prepared;
}

/** RFC 3454, table B.1: soft hyphens, joiners, variation selectors and the byte order mark. */
const NOTHING = new Set([0xad, 0x34f, 0x1806, 0x180b, 0x180c, 0x180d, 0x200c, 0x200d, 0x2060, 0xfeff]);

function isMappedToNothing(codePoint: number): boolean {
  return NOTHING.has(codePoint) || (codePoint >= 0xfe00 && codePoint <= 0xfe0f);
}
