import { ownBytes } from "../packet/bytes.ts";
import type { OutBuffer } from "../packet/out-buffer.ts";
import { type PublishSource, writePublish } from "../packet/write-publish.ts";
import type { OutboundAliasSettings } from "./alias-settings.ts";

/** A Topic Alias property takes this many bytes: a shorter topic is better sent as it is. */
const PROPERTY_BYTES = 3;

/**
 * The Topic Aliases that we set on one Network Connection ([MQTT-3.3.2-7]: they die with it). A hash table over the topics' bytes,
 * chained by alias, and a ring of the aliases in the order of their last use; a message makes no string and no object.
 *
 * Two steps, since a PUBLISH that turns out too large for the peer must not leave a mapping which the peer never learned:
 * `find` or `propose` say what would be used, `used` and `assign` come after the packet was written.
 * Memory: 22 bytes for each alias offered, and each aliased topic once.
 */
export class OutboundAliases {
  private readonly maximum: number;
  private readonly isEager: boolean;
  private readonly mask: number;
  /** First alias of each chain, and the next one of the same chain; 0 ends it. */
  private readonly chains: Uint16Array;
  private readonly nextInChain: Uint16Array;
  private readonly hashes: Int32Array;
  private readonly topics: (Uint8Array | undefined)[] = [undefined];
  /** The ring: place 0 is its fixed point, newer[0] the least and older[0] the most recently used alias. */
  private readonly newer: Uint16Array;
  private readonly older: Uint16Array;
  private count = 0;
  /** Messages so far; when each alias was used last, and when each topic without one, by the low bits of its hash. */
  private now = 0;
  private readonly usedAt: Float64Array;
  private readonly seen: Int32Array;
  private readonly seenAt: Float64Array;
  /** Of the topic that `find` did not find: what `propose` and `assign` go on with. */
  private hash = 0;

  constructor(settings: OutboundAliasSettings) {
    const maximum = Math.min(settings.maximum, 0xffff);
    this.maximum = maximum;
    this.isEager = settings.policy === "always";
    const places = 2 ** Math.ceil(Math.log2(maximum + 1));
    this.mask = places - 1;
    this.chains = new Uint16Array(places);
    this.seen = new Int32Array(places);
    this.seenAt = new Float64Array(places);
    this.nextInChain = new Uint16Array(maximum + 1);
    this.newer = new Uint16Array(maximum + 1);
    this.older = new Uint16Array(maximum + 1);
    this.hashes = new Int32Array(maximum + 1);
    this.usedAt = new Float64Array(maximum + 1);
  }

  /**
   * Writes a PUBLISH with the alias of its topic where it has one or gets one. The source is shared by all receivers of a message, so
   * it is left as it was found. False, with nothing written, when it is larger than the peer takes.
   */
  write(out: OutBuffer, source: PublishSource, maximumPacketSize: number): boolean {
    const { topic } = source;
    const { start, end } = topic;
    const known = this.find(topic.source, start, end);
    const alias = known === 0 ? this.propose(end - start) : known;
    source.topicAlias = alias;
    if (known !== 0) topic.end = start;
    let isWritten = writePublish(out, 5, source, maximumPacketSize);
    topic.end = end;
    source.topicAlias = 0;
    if (known !== 0) {
      if (isWritten) this.used(known);
    } else if (isWritten && alias !== 0) this.assign(alias, topic.source, start, end);
    // It may be the new alias that is too much.
    else if (alias !== 0) isWritten = writePublish(out, 5, source, maximumPacketSize);
    return isWritten;
  }

  /** The alias that stands for the topic source[start, end), 0 for none. */
  find(source: Uint8Array, start: number, end: number): number {
    this.now++;
    // Messages of one topic mostly come after each other.
    const last = this.older[0]!;
    if (last !== 0 && sameTopic(this.topics[last]!, source, start, end)) return last;
    const hash = hashOf(source, start, end);
    this.hash = hash;
    for (let alias = this.chains[hash & this.mask]!; alias !== 0; alias = this.nextInChain[alias]!) {
      if (this.hashes[alias] === hash && sameTopic(this.topics[alias]!, source, start, end)) return alias;
    }
    return 0;
  }

  /** The alias to be set for the topic of that many bytes which `find` has just not found; 0 when it is to have none. */
  propose(size: number): number {
    if (!this.isEager && size <= PROPERTY_BYTES) return 0;
    if (this.count < this.maximum) return this.count + 1;
    const leastUsed = this.newer[0]!;
    return this.isEager || this.repeatsMore(leastUsed) ? leastUsed : 0;
  }

  /** A PUBLISH with this alias alone was written. */
  used(alias: number): void {
    this.usedAt[alias] = this.now;
    if (this.older[0] === alias) return;
    this.unlink(alias);
    this.link(alias);
  }

  /** A PUBLISH with this proposed alias and the topic source[start, end) was written: the peer knows the mapping. */
  assign(alias: number, source: Uint8Array, start: number, end: number): void {
    if (alias > this.count) this.count = alias;
    else {
      this.unchain(alias);
      this.unlink(alias);
    }
    this.topics[alias] = ownBytes(source, start, end);
    this.hashes[alias] = this.hash;
    const chain = this.hash & this.mask;
    this.nextInChain[alias] = this.chains[chain]!;
    this.chains[chain] = alias;
    this.usedAt[alias] = this.now;
    this.link(alias);
  }

  /**
   * Whether the topic at hand was sent since the alias was last used: then it was used twice in that time and the alias not once.
   * Topics sent in turn, more of them than aliases, thus take nothing from each other. Remembers the topic; another one with
   * the same low bits is forgotten for it.
   */
  private repeatsMore(alias: number): boolean {
    const { hash } = this;
    const place = hash & this.mask;
    const isRepeated = this.seen[place] === hash && this.seenAt[place]! > this.usedAt[alias]!;
    this.seen[place] = hash;
    this.seenAt[place] = this.now;
    return isRepeated;
  }

  private link(alias: number): void {
    const last = this.older[0]!;
    this.older[alias] = last;
    this.newer[alias] = 0;
    this.newer[last] = alias;
    this.older[0] = alias;
  }

  private unlink(alias: number): void {
    const older = this.older[alias]!;
    const newer = this.newer[alias]!;
    this.newer[older] = newer;
    this.older[newer] = older;
  }

  private unchain(alias: number): void {
    const chain = this.hashes[alias]! & this.mask;
    const next = this.nextInChain[alias]!;
    if (this.chains[chain] === alias) {
      this.chains[chain] = next;
      return;
    }
    let at = this.chains[chain]!;
    while (this.nextInChain[at] !== alias) at = this.nextInChain[at]!;
    this.nextInChain[at] = next;
  }
}

function sameTopic(topic: Uint8Array, source: Uint8Array, start: number, end: number): boolean {
  if (topic.length !== end - start) return false;
  // Topics of one publisher mostly differ in their last bytes.
  for (let i = topic.length - 1; i >= 0; i--) if (topic[i] !== source[start + i]) return false;
  return true;
}

/** FNV-1a over the bytes, mixed once more since its low bits choose the place. */
function hashOf(source: Uint8Array, start: number, end: number): number {
  let hash = 0x811c_9dc5 | 0;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ source[i]!, 0x0100_0193);
  return hash ^ (hash >>> 15);
}
