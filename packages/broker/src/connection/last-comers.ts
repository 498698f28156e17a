/** A power of two: with so many clients that come one after the other, most are still known when one of them is back. */
const PLACES = 16_384;

/**
 * Who came lately, in 12 bytes for each place: by the hash of a name, so that of two who share a place the later one is known. Enough to
 * tell one that is back from those that come once, for whom nothing need be kept.
 */
export class LastComers {
  readonly #hashes = new Int32Array(PLACES);
  readonly #times = new Float64Array(PLACES).fill(Number.NaN);

  /** Notes that somebody of that name comes, and answers when one came last; NaN when nobody did, or others have since. */
  come(name: string, now: number): number {
    const hash = hashOf(name);
    const place = hash & (PLACES - 1);
    const before = this.#hashes[place] === hash ? this.#times[place]! : Number.NaN;
    this.#hashes[place] = hash;
    this.#times[place] = now;
    return before;
  }
}

function hashOf(name: string): number {
  let hash = name.length;
  for (let i = 0; i < name.length; i++) {
    hash = Math.imul(hash ^ name.charCodeAt(i), 0x9e37_79b1);
    hash ^= hash >>> 15;
  }
  return hash;
}
