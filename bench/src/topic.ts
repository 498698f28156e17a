import { RouteCache, sameBytes, SubscriptionTrie, viewOf } from "@bowline/protocol/internal";

/** CPU of one way to do something with a topic, beside another way or beside what it may cost. */
export interface TopicResult {
  readonly name: string;
  /** CPU time (user and system) per topic in ns, the median of the rounds. */
  readonly ns: number;
  readonly otherName: string;
  readonly otherNs: number;
}

/** Handles `TOPICS_PER_RUN` topics for each call and answers how many it found. */
type Work = () => number;
/** The part of a RouteCache that is measured, so that others can take its place. */
interface Finder {
  insert(chunk: Buffer, start: number, end: number, route: object): void;
  find(chunk: Buffer, start: number, end: number): object | undefined;
}
/** What one read of a busy socket brings: topics at odd places among other bytes. */
interface Chunk {
  readonly bytes: Buffer;
  /** Start and end of each topic. */
  readonly spans: Int32Array;
}

/** The fastest way from bytes to a string in Node, which its types leave out. */
const { latin1Slice } = Buffer.prototype as unknown as { latin1Slice: (this: Uint8Array, start: number, end: number) => string };

const TOPICS_PER_CHUNK = 600;
const CHUNKS = 100;
const TOPICS_PER_RUN = TOPICS_PER_CHUNK * CHUNKS;
const ROUNDS = 7;
const CALLS = 10;
/** A match among 10,000 wildcard filters may cost this much. */
const MATCH_BUDGET_NS = 2_000;

/** What the topic folder's doc comments quote: the route cache, comparing topics, and matching among 10,000 wildcard filters. */
export function benchTopic(): TopicResult[] {
  return [...benchRouteCache(), ...benchSameBytes(), ...benchTrie()];
}

function benchRouteCache(): TopicResult[] {
  const shapes = [(i: number) => `bench/${i}/t`, (i: number) => `acme/plant/line${i % 17}/machine-${i}/temperature`];
  return [100, 20_000].flatMap((count) =>
    shapes.map((shape) => {
      const topics = Array.from({ length: count }, (_, i) => shape(i));
      const chunks = Array.from({ length: CHUNKS }, (_, i) => chunkOf(topics, i * TOPICS_PER_CHUNK * 7919));
      const [ours, theirs] = inTurns(finding(new RouteCache(), topics, chunks), finding(new LatinMap(), topics, chunks));
      return {
        name: `route of one of ${count} topics like ${topics[7]}`,
        ns: ours,
        otherName: "latin1 string and Map",
        otherNs: theirs,
      };
    }),
  );
}

class LatinMap implements Finder {
  private readonly routes = new Map<string, object>();
  insert(chunk: Buffer, start: number, end: number, route: object): void {
    this.routes.set(latin1(chunk, start, end), route);
  }
  find(chunk: Buffer, start: number, end: number): object | undefined {
    return this.routes.get(latin1(chunk, start, end));
  }
}

function finding(finder: Finder, topics: readonly string[], chunks: readonly Chunk[]): Work {
  for (const topic of topics) {
    const bytes = Buffer.from(topic);
    finder.insert(bytes, 0, bytes.length, { topic });
  }
  return () => {
    let found = 0;
    for (const { bytes, spans } of chunks) {
      for (let i = 0; i < spans.length; i += 2) if (finder.find(bytes, spans[i]!, spans[i + 1]!) !== undefined) found++;
    }
    return found;
  };
}

/** Topics in an order that no cache of the machine can guess, each behind 4 to 63 other bytes. */
function chunkOf(topics: readonly string[], from: number): Chunk {
  const parts: Buffer[] = [];
  const spans = new Int32Array(TOPICS_PER_CHUNK * 2);
  let at = 0;
  for (let i = 0; i < TOPICS_PER_CHUNK; i++) {
    const topic = Buffer.from(topics[(from + i * 7919) % topics.length]!);
    const gap = Buffer.alloc(4 + ((i * 37) % 60), 1);
    parts.push(gap, topic);
    spans[2 * i] = at + gap.length;
    at += gap.length + topic.length;
    spans[2 * i + 1] = at;
  }
  return { bytes: Buffer.concat(parts), spans };
}

function benchSameBytes(): TopicResult[] {
  return [10, 20, 40, 60].map((size) => {
    const topic = Buffer.from("abcdefghij".repeat(size / 10));
    const chunk = chunkOf([topic.toString()], 0);
    const chunkView = viewOf(chunk.bytes);
    const topicView = new DataView(topic.buffer, topic.byteOffset, size);
    const [ours, theirs] = inTurns(
      comparing(chunk, (start, end) => sameBytes(chunkView, start, end, topicView, 0, size)),
      comparing(chunk, (start, end) => chunk.bytes.compare(topic, 0, size, start, end) === 0),
    );
    return { name: `comparing a topic of ${size} bytes`, ns: ours, otherName: "Buffer.compare", otherNs: theirs };
  });
}

function comparing({ spans }: Chunk, isSame: (start: number, end: number) => boolean): Work {
  return () => {
    let same = 0;
    for (let round = 0; round < CHUNKS; round++) {
      for (let i = 0; i < spans.length; i += 2) if (isSame(spans[i]!, spans[i + 1]!)) same++;
    }
    return same;
  };
}

function benchTrie(): TopicResult[] {
  const shapes: [filter: (i: number) => string, topic: (i: number) => string][] = [
    [(i) => `bench/${i}/+`, (i) => `bench/${i}/t`],
    [(i) => `a/${i}/#`, (i) => `a/${i}/x/y`],
    [(i) => `+/${i}/t`, (i) => `b${i % 10}/${i}/t`],
    [(i) => `acme/plant${i % 20}/line${i % 50}/+/m${i}`, (i) => `acme/plant${i % 20}/line${i % 50}/s${i % 7}/m${i}`],
    [
      (i) => (i % 2 === 0 ? `acme/+/line${i % 50}/m${i}/t` : `acme/plant${i % 20}/+/m${i}/#`),
      (i) => `acme/plant${i % 20}/line${i % 50}/m${i}/t`,
    ],
  ];
  return shapes.map(([filter, topic]) => {
    const trie = new SubscriptionTrie<object>();
    for (let i = 0; i < 10_000; i++) trie.add(filter(i), {});
    const name = `matching 20,000 topics with 10,000 filters like ${filter(7)}`;
    return { name, ns: medianNs(matching(trie, topic)), otherName: "budget", otherNs: MATCH_BUDGET_NS };
  });
}

/** Half of the topics match one filter; each is a new string, as after a miss of the route cache. */
function matching(trie: SubscriptionTrie<object>, topic: (i: number) => string): Work {
  const topics = Array.from({ length: 20_000 }, (_, i) => Buffer.from(topic((i * 7919) % 20_000)));
  const into: object[] = [];
  return () => {
    let found = 0;
    for (let i = 0; i < TOPICS_PER_RUN; i++) {
      const bytes = topics[i % topics.length]!;
      into.length = 0;
      trie.matchInto(latin1(bytes, 0, bytes.length), into);
      found += into.length * 2;
    }
    return found;
  };
}

function inTurns(one: Work, other: Work): [one: number, other: number] {
  const times: [number[], number[]] = [[], []];
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [i, work] of [one, other].entries()) {
      const ns = nsPerTopic(work);
      // The first round is for the compiler.
      if (round > 0) times[i as 0 | 1].push(ns);
    }
  }
  return [median(times[0]), median(times[1])];
}

function medianNs(work: Work): number {
  return inTurns(work, work)[0];
}

function nsPerTopic(work: Work): number {
  const before = process.cpuUsage();
  for (let call = 0; call < CALLS; call++) {
    const found = work();
    if (found !== TOPICS_PER_RUN) throw new Error(`found ${found} of ${TOPICS_PER_RUN} topics`);
  }
  const { user, system } = process.cpuUsage(before);
  return ((user + system) * 1000) / (CALLS * TOPICS_PER_RUN);
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

function latin1(bytes: Uint8Array, start: number, end: number): string {
  return latin1Slice.call(bytes, start, end);
}
