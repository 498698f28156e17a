import type * as bowline from "@bowline/client";
import type { AttemptFailure, Client, ConnectOptions, SessionStore } from "@bowline/client";
import { type Case, type CaseSetting, digest, payloads, same } from "./case.ts";

/** What the cases use of the package, as this host has loaded it; without stores where none can be loaded. */
export type ClientPackage = Pick<typeof bowline, "connect"> & Partial<Pick<typeof bowline, "fileStore" | "indexedDbStore">>;

/** The cases of `@bowline/client`. */
export function clientCases(client: ClientPackage, setting: CaseSetting): Case[] {
  const { prefix } = setting;
  const open = (name: string, options: ConnectOptions = {}, url: string = setting.url): Client => {
    const opened = client.connect(url, {
      credentials: setting.credentials,
      session: { clientId: `${prefix}-${name}` },
      reconnect: { firstDelayMs: 50, baseDelayMs: 100 },
      ...(setting.ca === undefined ? {} : { tls: { ca: setting.ca } }),
      ...options,
    });
    opened.on("attemptFailed", () => {});
    return opened;
  };
  const { storeFolder } = setting;
  const openStore = (): SessionStore | undefined =>
    storeFolder === undefined ? client.indexedDbStore?.(prefix) : client.fileStore?.(storeFolder);

  const stored = (newStore: () => SessionStore): Case => ({
    name: "keeps what was stored while it was offline for the client that comes after it",
    run: async () => {
      const withStore = (url: string): Client =>
        open("storing", { session: { clientId: `${prefix}-storing`, store: newStore() } }, url);
      await storeAndResume(open("reader", {}, setting.directUrl), `${prefix}/stored`, withStore, setting);
    },
  });

  return [
    { name: "exchanges every payload at QoS 0, 1 and 2", run: () => exchange(open("exchange"), `${prefix}/exchange`) },
    { name: "takes 2,000 messages at once", run: () => burst(open("burst"), `${prefix}/burst`) },
    { name: "asks and is answered", run: () => request(open("request"), `${prefix}/request`) },
    {
      name: "comes back after a cut with its session and loses nothing",
      run: async () => {
        const control = open("control", {}, setting.directUrl);
        await cut(open("cut"), `${prefix}/cut`, () => control.publish(setting.cutTopic, "", { qos: 1 }));
        await control.close();
      },
    },
    ...(openStore() === undefined ? [] : [stored(openStore as () => SessionStore)]),
    {
      name: "abort() lets the server publish the will, close() does not",
      run: async () => {
        const will = (topicName: string): ConnectOptions => ({ will: { topicName, payload: "gone", qos: 1 } });
        const watcher = open("watcher", {}, setting.directUrl);
        await wills(
          watcher,
          `${prefix}/will`,
          open("closing", will(`${prefix}/will/closed`)),
          open("dying", will(`${prefix}/will/aborted`)),
        );
      },
    },
    { name: "abort() and close() settle while it is dialling", run: () => leaveEarly([open("early-1"), open("early-2")]) },
    {
      name: "tells one failed attempt with stage, code and hint, and ends where it may not try again",
      run: async () => {
        const failure = await failureOf(open("refused", { reconnect: false }, setting.closedUrl));
        const isPage = failure.code === "WS_UNREACHABLE" || failure.code === "WS_NEVER_OPENED";
        same([failure.stage, failure.code], isPage ? ["ws", failure.code] : ["tcp", "TCP_REFUSED"], "the failure");
        if (failure.hints.length === 0) throw new Error("the failure has no hint");
      },
    },
    {
      name: "tells a refused password, and does not ask the server again with the same one",
      run: async () => {
        // A name of its own: the broker bounds the failures of each.
        const failure = await failureOf(open("stranger", { credentials: { username: `${prefix}-nobody`, password: "wrong" } }));
        same([failure.stage, failure.code], ["mqtt", "BAD_CREDENTIALS"], "the failure");
      },
    },
    ...(setting.ca === undefined ? [] : [untrusted(() => open("untrusted", { reconnect: false, tls: {} }))]),
  ];
}

/** Only where the program, and not the browser, decides whom to trust. */
function untrusted(open: () => Client): Case {
  return {
    name: "refuses a server whose authority it does not know",
    run: async () => {
      const failure = await failureOf(open());
      const isKnown = ["TLS_PRIVATE_ROOT", "TLS_UNKNOWN_CA", "TLS_MISSING_ROOT", "TLS_MISSING_INTERMEDIATE"].includes(failure.code);
      if (failure.stage !== "tls" || !isKnown) throw new Error(`stage ${failure.stage}, ${failure.code}: ${failure.error.message}`);
    },
  };
}

async function exchange(client: Client, topic: string): Promise<void> {
  const subscription = client.subscribe(`${topic}/#`, { qos: 2 });
  same(await subscription.ready, [2], "the granted QoS");
  const sent: string[] = [];
  for (const payload of payloads()) {
    for (const qos of [0, 1, 2] as const) {
      await client.publish(`${topic}/ü/${qos}`, payload, { qos });
      sent.push(`${topic}/ü/${qos} ${qos} ${digest(payload)}`);
    }
  }
  const received: string[] = [];
  for await (const message of subscription) {
    received.push(`${message.topicName} ${message.qos} ${digest(message.payload)}`);
    if (received.length === sent.length) break;
  }
  same(received, sent, "what arrived");
  await client.close();
  same(client.status.state, "closed", "the status");
}

async function burst(client: Client, topic: string): Promise<void> {
  const count = 2_000;
  const numbers: number[] = [];
  const all = new Promise<void>((resolve) => {
    client.subscribe(topic, { qos: 1, maximumMessages: count }, (message) => {
      if (numbers.push(Number(message.text())) === count) resolve();
    });
  });
  await client.online();
  const sent = Array.from({ length: count }, (_, i) => client.publish(topic, String(i), { qos: 1 }));
  await Promise.all(sent);
  await all;
  same(
    numbers,
    Array.from({ length: count }, (_, i) => i),
    "the numbers",
  );
  await client.close();
}

async function request(client: Client, topic: string): Promise<void> {
  client.subscribe(topic, { qos: 1 }, async ({ payload, properties }) => {
    const { responseTopic = "", correlationData = new Uint8Array(0) } = properties;
    await client.publish(responseTopic, payload, { qos: 1, correlationData });
  });
  const answer = await client.request(topic, "what", { qos: 1, timeoutMs: 5_000 });
  same(answer.text(), "what", "the answer");
  await client.close();
}

async function cut(client: Client, topic: string, cutNow: () => PromiseLike<unknown>): Promise<void> {
  const subscription = client.subscribe(topic, { qos: 2 });
  await subscription.ready;
  const lost = new Promise<AttemptFailure>((resolve) => client.once("connectionLost", resolve));
  const sent: PromiseLike<unknown>[] = [];
  const send = (from: number): void => {
    for (let i = from; i < from + 50; i++) sent.push(client.publish(topic, String(i), { qos: i % 2 === 0 ? 1 : 2 }));
  };
  send(0);
  await cutNow();
  await lost;
  send(50);
  same((await client.online()).sessionPresent, true, "Session Present");
  await Promise.all(sent);
  const seen = new Map<string, number>();
  for await (const message of subscription) {
    seen.set(message.text(), (seen.get(message.text()) ?? 0) + 1);
    if (seen.size === 100) break;
  }
  const doubled = [...seen].filter(([text, times]) => Number(text) % 2 === 1 && times > 1);
  same(doubled, [], "QoS 2 messages that came twice");
  await client.close();
}

async function storeAndResume(
  reader: Client,
  topic: string,
  withStore: (url: string) => Client,
  { url, closedUrl }: CaseSetting,
): Promise<void> {
  const subscription = reader.subscribe(topic, { qos: 2 });
  await subscription.ready;
  const texts = Array.from({ length: 20 }, (_, i) => String(i));
  const offline = withStore(closedUrl);
  await Promise.all(texts.map((text, i) => offline.publish(topic, text, { qos: i % 2 === 0 ? 1 : 2 }).stored));
  await offline.abort();
  const later = withStore(url);
  const received: string[] = [];
  for await (const message of subscription) if (received.push(message.text()) === texts.length) break;
  same(received, texts, "what was stored and arrived");
  await later.close();
  await reader.close();
}

async function wills(watcher: Client, topic: string, closing: Client, dying: Client): Promise<void> {
  const subscription = watcher.subscribe(`${topic}/#`, { qos: 1 });
  await subscription.ready;
  await Promise.all([closing.online(), dying.online()]);
  await closing.close();
  await dying.abort();
  const first = await subscription.next();
  same([first.value?.topicName, first.value?.text()], [`${topic}/aborted`, "gone"], "the will");
  await watcher.close();
}

async function leaveEarly([aborted, closed]: readonly Client[]): Promise<void> {
  await aborted!.abort();
  await closed!.close();
  same([aborted!.status.state, closed!.status.state], ["closed", "closed"], "the status");
}

/** The one failure after which the client gave up. */
async function failureOf(client: Client): Promise<AttemptFailure> {
  const told: AttemptFailure[] = [];
  client.on("attemptFailed", (failure) => told.push(failure));
  const failure = await new Promise<AttemptFailure>((resolve) => {
    client.on("status", (status) => status.state === "failed" && resolve(status.failure));
  });
  same(
    told.map(({ code }) => code),
    [failure.code],
    "the failures that were told",
  );
  await client.close();
  return failure;
}
