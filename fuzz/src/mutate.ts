import type { Random } from "./random.ts";

/** Values at which lengths, flags and UTF-8 change their meaning. */
const edges: readonly number[] = [0x00, 0x01, 0x02, 0x7f, 0x80, 0x81, 0xc0, 0xed, 0xf4, 0xfe, 0xff];
const LONGEST = 512;

/** One byte string made from valid packets (most of the time) or from nothing: one to six changes, then perhaps a true length. */
export function mutate(random: Random, seeds: readonly Uint8Array[], target: Uint8Array): Uint8Array {
  if (random.below(8) === 0) return randomBytes(random, target);
  let size = append(target, 0, seeds[random.below(seeds.length)]!);
  if (random.below(4) === 0) size = append(target, size, seeds[random.below(seeds.length)]!);
  const repair = random.below(2) === 0;
  for (let changes = 1 + random.below(6); changes > 0; changes--) size = change(random, target, size);
  // Without this nearly every insertion and removal would end at the Remaining Length.
  if (repair && size > 1) target[1] = Math.min(size - 2, 0x7f);
  return target.subarray(0, size);
}

function randomBytes(random: Random, target: Uint8Array): Uint8Array {
  const size = random.below(64);
  for (let at = 0; at < size; at++) target[at] = random.next();
  if (size > 1 && random.below(2) === 0) target[1] = size - 2;
  return target.subarray(0, size);
}

function append(target: Uint8Array, size: number, seed: Uint8Array): number {
  if (size + seed.length > LONGEST) return size;
  target.set(seed, size);
  return size + seed.length;
}

function change(random: Random, target: Uint8Array, size: number): number {
  const at = random.below(size);
  switch (random.below(7)) {
    case 0:
      target[at] = target[at]! ^ (1 << random.below(8));
      return size;
    case 1:
      target[at] = edges[random.below(edges.length)]!;
      return size;
    case 2:
      target[at] = random.next();
      return size;
    case 3: {
      const removed = Math.min(1 + random.below(4), size - at);
      target.copyWithin(at, at + removed, size);
      return size - removed;
    }
    case 4:
      if (size === LONGEST) return size;
      target.copyWithin(at + 1, at, size);
      target[at] = random.next();
      return size + 1;
    case 5: {
      const copied = Math.min(1 + random.below(16), size - at, LONGEST - size);
      target.copyWithin(at + copied, at, size);
      return size + copied;
    }
    default:
      return at;
  }
}

/** Long enough for every mutation. */
export function mutationBuffer(): Uint8Array {
  return new Uint8Array(LONGEST + 64);
}
