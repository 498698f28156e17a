import { clientNames } from "./client-names.ts";
import type { LoadOptions } from "./load-options.ts";

/** So many topics are told apart by one digit at their end, under one filter; more by a number, with a filter for each two. */
const FEW = 10;
/** Digits of that number. */
const DIGITS = 4;
const ZERO = 0x30;

type TopicOptions = Pick<LoadOptions, "topology" | "prefix" | "topics" | "publishers" | "subscribers" | "server">;

/** The first topic of a publisher. The others differ in the bytes at the end that `writeTopicNumber` writes. */
export function topicOf(options: TopicOptions, publisher: number): string {
  const { topics } = options;
  const topic = baseOf(options, publisher);
  if (topics === 1) return topic;
  return topics <= FEW ? `${topic}/0` : `${topic}/${"0".repeat(DIGITS)}/0`;
}

/** The topic that a publisher uses for that message. */
export function topicInTurn(options: TopicOptions, publisher: number, sequence: number): string {
  const { topics } = options;
  if (topics === 1) return baseOf(options, publisher);
  const turn = sequence % topics;
  if (topics <= FEW) return `${baseOf(options, publisher)}/${turn}`;
  return `${baseOf(options, publisher)}/${String(turn >> 1).padStart(DIGITS, "0")}/${turn & 1}`;
}

/** The filters that together cover the topics of a publisher. */
export function topicFiltersOf(options: TopicOptions, publisher: number): string[] {
  const { topics } = options;
  const topic = baseOf(options, publisher);
  if (topics === 1) return [topic];
  if (topics <= FEW) return [`${topic}/+`];
  return Array.from({ length: topics / 2 }, (_, i) => `${topic}/${String(i).padStart(DIGITS, "0")}/+`);
}

/** How many bytes at the end of a topic differ between the topics of a publisher. */
export function topicNumberSize(topics: number): number {
  if (topics === 1) return 0;
  return topics <= FEW ? 1 : DIGITS + 2;
}

/** Writes which of its topics a publisher uses for that message, into the bytes before `end`. */
export function writeTopicNumber(view: DataView, end: number, sequence: number, topics: number): void {
  const turn = sequence % topics;
  if (topics <= FEW) {
    view.setUint8(end - 1, ZERO + turn);
    return;
  }
  view.setUint8(end - 1, ZERO + (turn & 1));
  let number = turn >> 1;
  for (let at = end - 3; at >= end - 2 - DIGITS; at--) {
    view.setUint8(at, ZERO + (number % 10));
    number = (number / 10) | 0;
  }
}

/** Whether the topic that ends there is the one that the message must have come by. */
export function hasTopicNumber(view: DataView, end: number, sequence: number, topics: number): boolean {
  const turn = sequence % topics;
  if (topics <= FEW) return view.getUint8(end - 1) === ZERO + turn;
  if (view.getUint8(end - 1) !== ZERO + (turn & 1)) return false;
  let number = 0;
  for (let at = end - 2 - DIGITS; at < end - 2; at++) number = number * 10 + view.getUint8(at) - ZERO;
  return number === turn >> 1;
}

function baseOf(options: TopicOptions, publisher: number): string {
  const { topology, prefix } = options;
  if (isOfEach(prefix)) return topicOfClient(options, publisher);
  return topology === "pairs" ? `${prefix}/pair/${publisher}` : `${prefix}/topic/t`;
}

/** Each client has a topic of its own, made of its number, its Client Identifier or its user name. */
export function isOfEach(topic: string): boolean {
  return /%[icu]/.test(topic);
}

/** The topic or filter of a client of the side that has many, whole. */
export function topicOfClient({ prefix, server, publishers, subscribers }: TopicOptions, number: number): string {
  // Publishers connect after the subscribers.
  const { clientIdentifier, username = "" } = clientNames(server, publishers === 0 ? number : subscribers + number);
  const values: Readonly<Record<string, string>> = { i: String(server.firstNumber + number), c: clientIdentifier, u: username };
  return prefix.replace(/%([icu])/g, (_, name: string) => values[name] ?? "");
}
