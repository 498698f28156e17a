/**
 * Gives the shortest names to the members that a text names most often. A minifier gives them in the order in which it meets them, so that
 * a member that is used once may have one letter and one that is used everywhere two.
 *
 * @param names what the minifier chose, by its own key: the name before with a `$` in front
 * @returns the same keys in the same order, with the same names given to others
 */
export function rankNames(names: Readonly<Record<string, string>>, text: string): Record<string, string> {
  const uses = new Map(Object.keys(names).map((key) => [key, 0]));
  for (const [word] of text.matchAll(/[\w$]+/g)) {
    const key = `$${word}`;
    const count = uses.get(key);
    if (count !== undefined) uses.set(key, count + 1);
  }
  const letters = Object.values(names).filter(isLetter);
  const others = Object.values(names).filter((name) => !isLetter(name));
  const frequent = [...uses].toSorted(([, a], [, b]) => b - a).slice(0, letters.length);
  const ranked = new Map(frequent.map(([key], rank) => [key, letters[rank]!]));
  // The rest keep the order in which they are met: neighbours have names that are alike, which packs better.
  return Object.fromEntries(Object.keys(names).map((key) => [key, ranked.get(key) ?? others.shift()!]));
}

function isLetter(name: string): boolean {
  return name.length === 1;
}
