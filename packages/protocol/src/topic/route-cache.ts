import { bytes } from "../packet/bytes.ts";
import { sameBytes, viewOf } from "./byte-words.ts";

/** Longer topics are not remembered, so that the cache cannot hold more than maximumEntries times this many bytes. */
const longestTopic = 256;
/** Places looked at from where a topic belongs. Bounded, so that topics chosen to collide cost their sender the cache and nobody time. */
const reach = 8;
const smallestCapacity = 256;

/**
 * Answers found for Topic Names, keyed by the topic's bytes where they lie in a received chunk: a hit makes no string and no
 * object. A hash table with open addressing and bounded reach. It begins small and doubles; at its limit a new topic takes the
 * place of another.
 */
export class RouteCache<R extends object> {
  private readonly maximumCapacity: number;
  private hashes: Int32Array;
  private topics: (DataView | undefined)[];
  private routes: (R | undefined)[];
  private mask: number;
  private count = 0;
  private nextVictim = 0;

  /** @param maximumEntries Topics remembered at most, 256 or more; twice as many places are reserved once they are needed. */
  constructor(maximumEntries: number = 65_536) {
    this.maximumCapacity = 2 ** Math.ceil(Math.log2(Math.max(smallestCapacity, maximumEntries * 2)));
    this.mask = smallestCapacity - 1;
    this.hashes = new Int32Array(smallestCapacity);
    this.topics = emptyPlaces(smallestCapacity);
    this.routes = emptyPlaces(smallestCapacity);
  }

  get size(): number {
    return this.count;
  }

  /** The route of the topic chunk[start, end), or undefined when it is not remembered. */
  find(chunk: Uint8Array, start: number, end: number): R | undefined {
    const place = this.placeOf(viewOf(chunk), start, end);
    return place < 0 ? undefined : this.routes[place];
  }

  /** Remembers the route of the topic chunk[start, end), which is copied. It may be forgotten at any later insert. */
  insert(chunk: Uint8Array, start: number, end: number, route: R): void {
    const size = end - start;
    if (size > longestTopic) return;
    const view = viewOf(chunk);
    const known = this.placeOf(view, start, end);
    if (known >= 0) {
      this.routes[known] = route;
      return;
    }
    if (this.count * 2 >= this.mask && this.mask + 1 < this.maximumCapacity) this.grow();
    const copy = bytes.alloc(size);
    bytes.copy(chunk, copy, 0, start, end);
    this.put(hashOf(view, start, end), new DataView(copy.buffer, copy.byteOffset, size), route);
  }

  /** Forgets the topic chunk[start, end); false when it was not remembered. */
  delete(chunk: Uint8Array, start: number, end: number): boolean {
    const place = this.placeOf(viewOf(chunk), start, end);
    if (place < 0) return false;
    this.topics[place] = undefined;
    this.routes[place] = undefined;
    this.count--;
    return true;
  }

  clear(): void {
    if (this.count === 0) return;
    this.topics.fill(undefined);
    this.routes.fill(undefined);
    this.count = 0;
  }

  private placeOf(view: DataView, start: number, end: number): number {
    const hash = hashOf(view, start, end);
    for (let i = 0; i < reach; i++) {
      const place = (hash + i) & this.mask;
      if (this.hashes[place] !== hash) continue;
      const topic = this.topics[place];
      if (topic !== undefined && sameBytes(view, start, end, topic, 0, topic.byteLength)) return place;
    }
    return -1;
  }

  private put(hash: number, topic: DataView, route: R): void {
    let place = -1;
    for (let i = 0; i < reach && place < 0; i++) {
      if (this.topics[(hash + i) & this.mask] === undefined) place = (hash + i) & this.mask;
    }
    if (place < 0) place = (hash + (this.nextVictim++ % reach)) & this.mask;
    else this.count++;
    this.hashes[place] = hash;
    this.topics[place] = topic;
    this.routes[place] = route;
  }

  private grow(): void {
    const { hashes, topics, routes } = this;
    const capacity = topics.length * 2;
    this.mask = capacity - 1;
    this.hashes = new Int32Array(capacity);
    this.topics = emptyPlaces(capacity);
    this.routes = emptyPlaces(capacity);
    this.count = 0;
    for (const [place, topic] of topics.entries()) if (topic !== undefined) this.put(hashes[place]!, topic, routes[place]!);
  }
}

function emptyPlaces<T>(capacity: number): (T | undefined)[] {
  return new Array<T | undefined>(capacity).fill(undefined);
}

function hashOf(view: DataView, start: number, end: number): number {
  const size = end - start;
  let hash = size;
  if (size < 4) {
    for (let i = start; i < end; i++) hash = mix(hash, view.getUint8(i));
  } else {
    const last = end - 4;
    for (let i = start; i < last; i += 4) hash = mix(hash, view.getInt32(i, true));
    hash = mix(hash, view.getInt32(last, true));
  }
  return hash;
}

function mix(hash: number, word: number): number {
  const mixed = Math.imul(hash ^ word, 0x9e37_79b1);
  return mixed ^ (mixed >>> 15);
}
