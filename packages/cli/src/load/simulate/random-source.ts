/**
 * Chance that can be had again: the same seed gives the same numbers in the same order.
 *
 * @public
 */
export interface RandomSource {
  /** From 0 up to, and without, 1. */
  next(): number;
  between(least: number, most: number): number;
  /** A whole number, both ends included. */
  integer(least: number, most: number): number;
  /** Around a mean, as measurements scatter. */
  normal(mean: number, deviation: number): number;
  /** True in this part (0 to 1) of all cases. */
  chance(part: number): boolean;
  pick<T>(list: readonly T[]): T;
}

/** Numbers of a seed for one of many users, each of whom has a sequence of its own. */
export function randomSource(seed: number, user: number): RandomSource {
  // Mulberry32: small, and good enough to make devices differ.
  let state = Math.imul(seed ^ Math.imul(user + 1, 0x9e3779b1), 0x85ebca6b) | 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const between = (least: number, most: number): number => least + next() * (most - least);
  return {
    next,
    between,
    integer: (least, most) => Math.floor(between(least, most + 1)),
    // Box and Muller; 1 - next() is never 0.
    normal: (mean, deviation) => mean + deviation * Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
    chance: (part) => next() < part,
    pick: <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)] as T,
  };
}
