import { shortWord, viewOf } from "../packet/byte-words.ts";

/** Longer topics are not remembered, so that the memory of a full cache has a bound. */
const longestTopicBytes = 256;
/** Places looked at for one topic. Whoever sends topics that collide loses the use of the cache and costs nobody time. */
const reach = 16;
const smallestPlaces = 256;
/** Words of a record before those of its topic: the topic's bytes, and the number of its route. */
const headerWords = 2;
const longestRecord = headerWords + longestTopicBytes / 4;
/** In `places` a free place has this record, so that none begins there. */
const noRecord = 0;

/** What a RouteCache holds. */
export interface CachedRoute {
  /** Where the cache keeps its topic, see `isAt`; below 0 while it does not. Only the cache writes it. */
  record: number;
}

/**
 * Answers found for Topic Names, keyed by the topic's bytes where they lie in a received chunk. A hit makes no string and no
 * object.
 *
 * A hash table with open addressing. With very many topics what counts is how many lines of memory a message touches, since they are not
 * in the processor's cache any more: here one of the table, which holds hash and record, and the record, where size, route and the topic's
 * bytes as 32-bit words lie side by side, records in the order in which topics came first, as they often come again. A route needs no copy
 * of its topic to be compared with, see `isAt`. It begins small and doubles up to its limit; there a new topic takes the place of another
 * one near it. CPU of a lookup, topics of 12 to 44 bytes at random positions of 64 KiB chunks, Debian's Node 20.20.2:
 *
 * | ns, by topics known and their bytes | 100, 12 | 100, 44 | 20,000, 12 | 20,000, 44 |
 * |---|---|---|---|---|
 * | latin1 string, then Map | 95 | 124 | 120 | 184 |
 * | this one | 21 | 43 | 31 | 69 |
 *
 * Hash and compare byte by byte took twice as long, by words with a DataView for each known topic almost as much where there are many.
 * Node 24 and 26 keep the order. Where each chunk holds a single topic, the view of the chunk makes all of them about equal.
 */
export class RouteCache<R extends CachedRoute> {
  private readonly maximumPlaces: number;
  private mask: number = smallestPlaces - 1;
  /** Two words for each place: the hash of its topic, and where its record begins. */
  private places: Int32Array = new Int32Array(smallestPlaces * 2);
  private words: Int32Array = new Int32Array(smallestPlaces * 8);
  private wordsEnd = noRecord + 1;
  private readonly routes: R[] = [];
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
    return this.routes.length;
  }

  /** The route of the topic chunk[start, end), or undefined when it is not remembered. */
  find(chunk: Uint8Array, start: number, end: number): R | undefined {
    const view = viewOf(chunk);
    const record = this.recordOf(view, start, end, hashOf(view, start, end));
    return record === noRecord ? undefined : this.routes[this.words[record + 1]!];
  }

  /** Whether the topic of that record, 0 or above, is chunk[start, end): what costs less than to find it. */
  isAt(record: number, chunk: Uint8Array, start: number, end: number): boolean {
    return this.words[record] === end - start && this.hasTopic(record, viewOf(chunk), start, end);
  }

  /** Remembers the route of the topic chunk[start, end), whose bytes are copied. It may be forgotten at any later insert. */
  insert(chunk: Uint8Array, start: number, end: number, route: R): void {
    if (end - start > longestTopicBytes || end === start) return;
    const view = viewOf(chunk);
    const hash = hashOf(view, start, end);
    let record = this.recordOf(view, start, end, hash);
    if (record === noRecord) {
      this.makeRoom(hash);
      record = this.append(view, start, end);
      this.words[record + 1] = this.take(hash, record);
    }
    this.keep(route, record);
  }

  private keep(route: R, record: number): void {
    const index = this.words[record + 1]!;
    const old = this.routes[index];
    if (old !== undefined) old.record = -1;
    this.routes[index] = route;
    route.record = record;
  }

  private recordOf(view: DataView, start: number, end: number, hash: number): number {
    const { places, words, mask } = this;
    const size = end - start;
    for (let i = 0, place = hash & mask; i < reach; i++, place = (place + 1) & mask) {
      const record = places[place * 2 + 1]!;
      if (record === noRecord) return noRecord;
      if (places[place * 2] === hash && words[record] === size && this.hasTopic(record, view, start, end)) return record;
    }
    return noRecord;
  }

  /** From its end, where topics that come one after the other differ. */
  private hasTopic(record: number, view: DataView, start: number, end: number): boolean {
    const { words } = this;
    const first = record + headerWords;
    if (end - start < 4) return words[first] === shortWord(view, start, end);
    let word = wordCount(end - start) - 1;
    if (words[first + word] !== view.getInt32(end - 4, true)) return false;
    while (--word >= 0) if (words[first + word] !== view.getInt32(start + word * 4, true)) return false;
    return true;
  }

  private append(view: DataView, start: number, end: number): number {
    const { words, wordsEnd: record } = this;
    words[record] = end - start;
    let at = record + headerWords;
    const last = end - 4;
    if (last < start) words[at++] = shortWord(view, start, end);
    else {
      for (let from = start; from < last; from += 4) words[at++] = view.getInt32(from, true);
      words[at++] = view.getInt32(last, true);
    }
    this.wordsEnd = at;
    return record;
  }

  /** Before a new topic: doubles the places when they are half full or none is free near its own, and sees to the words. */
  private makeRoom(hash: number): void {
    const places = this.mask + 1;
    const isCrowded = this.routes.length * 2 >= places || this.freePlace(hash) < 0;
    if (isCrowded && places < this.maximumPlaces) this.rebuild(places * 2);
    else if (this.wordsEnd + longestRecord > this.words.length) this.rebuild(places);
  }

  /** Takes a place for a new record: a free one, or one of a topic which is forgotten for it. Answers the number of its route. */
  private take(hash: number, record: number): number {
    let place = this.freePlace(hash);
    let index = this.routes.length;
    if (place < 0) {
      place = (hash + (this.nextVictim++ % reach)) & this.mask;
      index = this.words[this.places[place * 2 + 1]! + 1]!;
    }
    this.places[place * 2] = hash;
    this.places[place * 2 + 1] = record;
    return index;
  }

  private freePlace(hash: number): number {
    for (let i = 0, place = hash & this.mask; i < reach; i++, place = (place + 1) & this.mask) {
      if (this.places[place * 2 + 1] === noRecord) return place;
    }
    return -1;
  }

  /** Moves everything to new arrays, which leaves the words of forgotten topics behind. */
  private rebuild(places: number): void {
    const { words } = this;
    const routes = this.routes.splice(0);
    let used = noRecord + 1;
    for (const { record } of routes) used += recordSize(words, record);
    this.mask = places - 1;
    this.places = new Int32Array(places * 2);
    this.words = new Int32Array(Math.max(used, longestRecord) * 2);
    this.wordsEnd = noRecord + 1;
    for (const route of routes) this.move(route, words);
  }

  private move(route: R, words: Int32Array): void {
    const old = words.subarray(route.record, route.record + recordSize(words, route.record));
    const record = this.wordsEnd;
    this.words.set(old, record);
    this.wordsEnd += old.length;
    this.words[record + 1] = this.take(hashOfRecord(old), record);
    this.keep(route, record);
  }
}

function recordSize(words: Int32Array, record: number): number {
  return headerWords + wordCount(words[record]!);
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

function hashOfRecord(record: Int32Array): number {
  let hash = record[0]!;
  for (let i = headerWords; i < record.length; i++) hash = mix(hash, record[i]!);
  return hash;
}

function mix(hash: number, word: number): number {
  const mixed = Math.imul(hash ^ word, 0x9e37_79b1);
  return mixed ^ (mixed >>> 15);
}
