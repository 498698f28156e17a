import { shortWord, viewOf } from "../packet/byte-words.ts";

/** Longer topics are not remembered, so that the memory of a full cache has a bound. */
const longestTopicBytes = 256;
const longestTopicWords = longestTopicBytes / 4;
/** Places looked at for one topic. Whoever sends topics that collide loses the use of the cache and costs nobody time. */
const reach = 16;
const smallestPlaces = 256;

/**
 * Answers found for Topic Names, keyed by the topic's bytes where they lie in a received chunk. A hit makes no string and no
 * object.
 *
 * A hash table with open addressing, whose topics lie one after the other as 32-bit words in one array. It begins small and
 * doubles up to its limit; there a new topic takes the place of another one near it. CPU of a lookup, topics of 12 to 44 bytes
 * at random positions of 64 KiB chunks, Debian's Node 20.20.2:
 *
 * | ns, by topics known and their bytes | 100, 12 | 100, 44 | 20,000, 12 | 20,000, 44 |
 * |---|---|---|---|---|
 * | latin1 string, then Map | 108 | 155 | 157 | 237 |
 * | hash and compare byte by byte | 43 | 130 | 157 | 270 |
 * | by words, a DataView per known topic | 28 | 56 | 115 | 178 |
 * | by words, known topics in one array (this one) | 24 | 47 | 58 | 96 |
 *
 * Node 24 and 26 keep the order. Where each chunk holds a single topic, the view of the chunk makes all four about equal.
 */
export class RouteCache<R extends object> {
  private readonly maximumPlaces: number;
  private mask: number = smallestPlaces - 1;
  private hashes: Int32Array = new Int32Array(smallestPlaces);
  /** Bytes of the topic in each place, 0 where the place is free. */
  private sizes: Uint16Array = new Uint16Array(smallestPlaces);
  /** Where in `words` the topic begins. */
  private starts: Int32Array = new Int32Array(smallestPlaces);
  private routes: (R | undefined)[] = noRoutes(smallestPlaces);
  private words: Int32Array = new Int32Array(smallestPlaces * 8);
  private wordsEnd = 0;
  private count = 0;
  private nextVictim = 0;

  /**
   * @param maximumTopics Topics remembered at most, 256 or more, rounded up to a power of two. Above half of it topics begin to
   *   push each other out.
   */
  constructor(maximumTopics: number = 65_536) {
    this.maximumPlaces = 2 ** Math.ceil(Math.log2(Math.max(smallestPlaces, maximumTopics)));
  }

  /** Topics remembered. */
  get size(): number {
    return this.count;
  }

  /** The route of the topic chunk[start, end), or undefined when it is not remembered. */
  find(chunk: Uint8Array, start: number, end: number): R | undefined {
    const view = viewOf(chunk);
    const place = this.placeOf(view, start, end, hashOf(view, start, end));
    return place < 0 ? undefined : this.routes[place];
  }

  /** Remembers the route of the topic chunk[start, end), whose bytes are copied. It may be forgotten at any later insert. */
  insert(chunk: Uint8Array, start: number, end: number, route: R): void {
    if (end - start > longestTopicBytes || end === start) return;
    const view = viewOf(chunk);
    const hash = hashOf(view, start, end);
    let place = this.placeOf(view, start, end, hash);
    if (place < 0) {
      this.makeRoom(hash);
      const wordsStart = this.wordsEnd;
      this.appendWords(view, start, end);
      place = this.take(hash, end - start, wordsStart);
    }
    this.routes[place] = route;
  }

  /** Forgets the topic chunk[start, end); false when it was not remembered. */
  delete(chunk: Uint8Array, start: number, end: number): boolean {
    const view = viewOf(chunk);
    const place = this.placeOf(view, start, end, hashOf(view, start, end));
    if (place < 0) return false;
    this.sizes[place] = 0;
    this.routes[place] = undefined;
    this.count--;
    return true;
  }

  clear(): void {
    if (this.count === 0) return;
    this.sizes.fill(0);
    this.routes.fill(undefined);
    this.wordsEnd = 0;
    this.count = 0;
  }

  private placeOf(view: DataView, start: number, end: number, hash: number): number {
    const { hashes, sizes, mask } = this;
    const size = end - start;
    for (let i = 0, place = hash & mask; i < reach; i++, place = (place + 1) & mask) {
      if (hashes[place] === hash && sizes[place] === size && this.hasWords(this.starts[place]!, view, start, end)) return place;
    }
    return -1;
  }

  private hasWords(from: number, view: DataView, start: number, end: number): boolean {
    const { words } = this;
    if (end - start < 4) return words[from] === shortWord(view, start, end);
    const last = end - 4;
    let word = from;
    for (let at = start; at < last; at += 4) if (words[word++] !== view.getInt32(at, true)) return false;
    return words[word] === view.getInt32(last, true);
  }

  private appendWords(view: DataView, start: number, end: number): void {
    const { words } = this;
    const last = end - 4;
    if (last < start) words[this.wordsEnd++] = shortWord(view, start, end);
    else {
      for (let at = start; at < last; at += 4) words[this.wordsEnd++] = view.getInt32(at, true);
      words[this.wordsEnd++] = view.getInt32(last, true);
    }
  }

  /** Before a new topic: doubles the places when they are half full or none is free near its own, and sees to the words. */
  private makeRoom(hash: number): void {
    const places = this.sizes.length;
    const isCrowded = this.count * 2 >= places || this.freePlace(hash) < 0;
    if (isCrowded && places < this.maximumPlaces) this.rebuild(places * 2);
    else if (this.wordsEnd + longestTopicWords > this.words.length) this.rebuild(places);
  }

  /** Takes a place for a new topic: a free one, or one of a topic which is forgotten for it. */
  private take(hash: number, size: number, wordsStart: number): number {
    let place = this.freePlace(hash);
    if (place < 0) place = (hash + (this.nextVictim++ % reach)) & this.mask;
    else this.count++;
    this.hashes[place] = hash;
    this.sizes[place] = size;
    this.starts[place] = wordsStart;
    return place;
  }

  private freePlace(hash: number): number {
    for (let i = 0, place = hash & this.mask; i < reach; i++, place = (place + 1) & this.mask) {
      if (this.sizes[place] === 0) return place;
    }
    return -1;
  }

  /** Moves everything to new arrays, which leaves the words of forgotten topics behind. */
  private rebuild(places: number): void {
    const { hashes, sizes, starts, routes, words } = this;
    let used = 0;
    for (const size of sizes) used += wordCount(size);
    this.mask = places - 1;
    this.hashes = new Int32Array(places);
    this.sizes = new Uint16Array(places);
    this.starts = new Int32Array(places);
    this.routes = noRoutes(places);
    this.words = new Int32Array(Math.max(used, longestTopicWords) * 2);
    this.wordsEnd = 0;
    this.count = 0;
    for (const [old, size] of sizes.entries()) {
      if (size === 0) continue;
      const wordsStart = this.wordsEnd;
      const start = starts[old]!;
      this.words.set(words.subarray(start, start + wordCount(size)), wordsStart);
      this.wordsEnd += wordCount(size);
      this.routes[this.take(hashes[old]!, size, wordsStart)] = routes[old];
    }
  }
}

function noRoutes<R>(places: number): (R | undefined)[] {
  return new Array<R | undefined>(places).fill(undefined);
}

function wordCount(bytes: number): number {
  return (bytes + 3) >> 2;
}

function hashOf(view: DataView, start: number, end: number): number {
  const last = end - 4;
  if (last < start) return mix(end - start, shortWord(view, start, end));
  let hash = end - start;
  for (let at = start; at < last; at += 4) hash = mix(hash, view.getInt32(at, true));
  return mix(hash, view.getInt32(last, true));
}

function mix(hash: number, word: number): number {
  const mixed = Math.imul(hash ^ word, 0x9e37_79b1);
  return mixed ^ (mixed >>> 15);
}
