/** One place where text names a statement. */
export interface Citation {
  /** `MQTT-3.1.2-22`, or `v3 MQTT-3.1.2-24`. */
  readonly key: string;
  readonly offset: number;
  /** Written `![...]`: deliberately not. */
  readonly isRefusal: boolean;
  /** In brackets of its own, as prose and titles write it. */
  readonly isBracketed: boolean;
}

const citation = /(!?)(["[]?)((?:v3 )?MQTT-\d+\.\d+\.\d+-\d+)(["\]]?)/g;

/** Everything that looks like an id of the specification, written well or not. */
export function findCitations(text: string): Citation[] {
  return Array.from(text.matchAll(citation), (match) => ({
    key: match[3]!,
    offset: match.index,
    isRefusal: match[1] === "!" && match[2] === "[",
    isBracketed: match[2] === "[" && match[4] === "]",
  }));
}

/** The ids in brackets that a title or a `covers:` comment claims. A refused one claims nothing. */
export function findClaims(text: string): string[] {
  return findCitations(text)
    .filter((found) => found.isBracketed && !found.isRefusal)
    .map((found) => found.key);
}

/** The numbers of decisions (D-7) and open points (O-2) that text names. */
export function findDecisionNumbers(text: string): { readonly number: string; readonly offset: number }[] {
  return Array.from(text.matchAll(/(?<![\w-])[DO]-[1-9]\d{0,2}(?![\w-])/g), (match) => ({ number: match[0], offset: match.index }));
}

/** Forms that read like a citation of several statements, of which a search finds only the first. */
export function findShortenedCitations(text: string): { readonly shown: string; readonly offset: number }[] {
  const shortened =
    /(?:MQTT-\d+\.\d+\.\d+-\d+\]?(?:,| and| to| or)? ?-\d+\b|\[v3MQTT-[^\]]*\]|MQTT-\d+\.\d+-\d+|MQTT-\d+(?:\.\d+){3,}(?:-\d+)?)/g;
  return Array.from(text.matchAll(shortened), (match) => ({ shown: match[0], offset: match.index }));
}
