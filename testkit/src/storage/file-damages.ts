/** LMDB's, on every platform that tests run on. */
export const PAGE_BYTES = 4_096;
/** The first two pages say where everything is. */
const HEADS = 2 * PAGE_BYTES;

export interface FileDamage {
  name: string;
  content: Buffer;
  /** Nothing can be read of such a file; else the damaged place may be one that does not count. */
  isFatal: boolean;
}

/** The data file of a store, damaged in each way that disks and people have. The seed says where, and with what. */
export function damagesOf(sound: Buffer, seed: number): FileDamage[] {
  const pages = sound.length / PAGE_BYTES;
  const somewhere = 2 + (seed % (pages - 2));
  const page = (number: number): [number, number] => [number * PAGE_BYTES, (number + 1) * PAGE_BYTES];
  const fatal = (name: string, content: Buffer): FileDamage => ({ name, content, isFatal: true });
  const perhaps = (name: string, content: Buffer): FileDamage => ({ name, content, isFatal: false });
  const zeroed = (from: number, to: number): Buffer => changed(sound, from, to, () => 0);
  const random = (from: number, to: number): Buffer => changed(sound, from, to, noiseOf(seed));
  return [
    fatal("cut in the middle", sound.subarray(0, Math.floor(pages / 2) * PAGE_BYTES)),
    fatal("cut within a page", sound.subarray(0, Math.floor(sound.length / 3) + 100)),
    fatal("cut after the heads", sound.subarray(0, HEADS)),
    fatal("cut to a few bytes", sound.subarray(0, 100)),
    fatal("empty", Buffer.alloc(0)),
    fatal("both heads zeroed", zeroed(0, HEADS)),
    fatal("both heads random", random(0, HEADS)),
    fatal("everything behind the heads zeroed", zeroed(HEADS, sound.length)),
    fatal("everything behind the heads random", random(HEADS, sound.length)),
    perhaps("the last page cut off", sound.subarray(0, sound.length - PAGE_BYTES)),
    perhaps("the first head zeroed", zeroed(...page(0))),
    perhaps("the second head random", random(...page(1))),
    perhaps(`page ${somewhere} zeroed`, zeroed(...page(somewhere))),
    perhaps(`page ${somewhere} random`, random(...page(somewhere))),
  ];
}

/** Bytes that are the same for the same seed and place. */
export function noiseOf(seed: number): (at: number) => number {
  return (at) => Math.imul(at ^ seed, 0x9e37_79b1) >>> 24;
}

/** A copy in which the bytes of one place are others. */
export function changed(sound: Buffer, from: number, to: number, byteAt: (at: number) => number): Buffer {
  const content = Buffer.from(sound);
  for (let at = from; at < to; at++) content[at] = byteAt(at);
  return content;
}
