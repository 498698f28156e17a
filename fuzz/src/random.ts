/**
 * A small seeded generator (splitmix32): the same seed and input number give the same bytes on every machine, so that a finding
 * needs no file to be repeated. Not for secrets.
 */
export class Random {
  private state: number;

  constructor(seed: number, input: number) {
    // Two rounds apart, so that neighbouring inputs have nothing in common.
    this.state = (Math.imul(seed, 0x9e37_79b1) ^ Math.imul(input + 1, 0x85eb_ca77)) | 0;
    this.next();
    this.next();
  }

  /** An integer from 0 to 2^32 - 1. */
  next(): number {
    this.state = (this.state + 0x9e37_79b9) | 0;
    let mixed = this.state;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0_aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a_2d97);
    return (mixed ^ (mixed >>> 15)) >>> 0;
  }

  /** An integer from 0 to limit - 1; 0 for limit 0. */
  below(limit: number): number {
    return limit === 0 ? 0 : this.next() % limit;
  }
}
