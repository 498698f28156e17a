import { readFileSync } from "node:fs";
import { connect } from "@bowline/client";
import mqtt from "@bowline/mqttjs";

/* One load in a process of its own, so that its memory can be read: node memory-child.js URL CLIENT LOAD COUNT. */

export interface MemoryReport {
  /** Ms that the loop of publishes took. */
  loopMs: number;
  /** Longest turn of the event loop after it. */
  lagMs: number;
  /** Growth of the anonymous memory at its most. */
  grownBytes: number;
  /** Publications that were told, each once. */
  told: number;
  failed: number;
  /** What the client counts as dropped. */
  dropped: number;
}

const [url = "", library = "", load = "", countText = "0"] = process.argv.slice(2);
const count = Number(countText);
const payload = Buffer.alloc(100, "x");

function anonymousBytes(): number {
  return Number(/RssAnon:\s+(\d+)/.exec(readFileSync("/proc/self/status", "latin1"))?.[1]) * 1024;
}

let most = 0;
let told = 0;
let failed = 0;
let lagMs = 0;
const look = (): void => void (most = Math.max(most, anonymousBytes()));
const ok = (): void => void told++;
const bad = (): void => {
  told++;
  failed++;
};

/** Watches how long the loop is held up until everything is told. */
async function allTold(expected: number): Promise<void> {
  const end = performance.now() + 120_000;
  let last = performance.now();
  while (told < expected && performance.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    const now = performance.now();
    lagMs = Math.max(lagMs, now - last - 5);
    last = now;
    look();
  }
}

/** Publishes one message in the way the load asks for; a promise where the caller is to wait. */
interface Loaded {
  publish(): PromiseLike<unknown> | undefined;
  readonly dropped: number;
  end(): Promise<unknown>;
}

async function withClient(): Promise<Loaded> {
  const client = connect(url, {
    credentials: { username: "u", password: "good" },
    ...(load === "loop" ? { outbox: { maximumMessages: count } } : {}),
  });
  client.on("attemptFailed", () => undefined);
  if (load !== "offline") await client.online();
  return {
    publish: () => {
      const publication = client.publish("load", payload);
      if (load === "offline") return undefined;
      publication.then(ok, bad);
      return load === "wait" ? publication.stored : undefined;
    },
    get dropped() {
      return client.failedPublications;
    },
    end: () => client.abort(),
  };
}

async function withDropIn(): Promise<Loaded> {
  const options = { username: "u", password: "good", bowline: load === "offline" ? { outbox: { maximumMessages: 10_000 } } : {} };
  const client = mqtt.connect(url, options);
  client.on("error", () => undefined);
  if (load !== "offline") await new Promise<void>((resolve) => client.on("connect", () => resolve()));
  return {
    publish: () => {
      if (load === "wait") {
        return client.publishAsync("load", payload).then(ok, bad);
      }
      client.publish("load", payload, {}, (error) => (error ? bad() : ok()));
      return undefined;
    },
    get dropped() {
      return client.droppedMessages;
    },
    end: () => client.endAsync(true),
  };
}

const loaded = await (library === "drop-in" ? withDropIn() : withClient());
// The engine compiles what runs often; that is no cost of the messages.
if (load !== "offline") for (let i = 0; i < 2000; i++) await loaded.publish();
if (load !== "offline") await allTold(2000);
told = failed = lagMs = 0;
const base = anonymousBytes();
const started = performance.now();
for (let i = 0; i < count; i++) {
  const wait = loaded.publish();
  if (wait !== undefined) await wait;
  if (i % 10_000 === 0) look();
}
const loopMs = performance.now() - started;
look();
if (load !== "offline") await allTold(count);
else await new Promise((resolve) => setTimeout(resolve, 100));
look();
const report: MemoryReport = { loopMs, lagMs, grownBytes: most - base, told, failed, dropped: loaded.dropped };
await loaded.end();
process.stdout.write(`${JSON.stringify(report)}\n`, () => process.exit(0));
