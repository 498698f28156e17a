import * as fc from "fast-check";
import { type Storage, StoreImage } from "@bowline/broker/internal";
import { readStore, type StoreContent, visitorInto } from "./read-store.ts";
import { aMessage, aQueueEntry, aRule, aSession, aSubscription, aUser, bytesOf } from "./storage-rows.ts";
import type { StorageHandle } from "./storage-handle.ts";

/**
 * Whatever is done to a store, in whatever turns, with or without closing it in between: what it hands over at the next load is
 * what the same calls make of plain maps. Few names and ids, so that rows meet each other.
 */
export async function storageEqualsModel(makeHandle: () => Promise<StorageHandle>, runs: number): Promise<void> {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 120, size: "max" }), async (steps) => {
      const handle = await makeHandle();
      const run: Run = { storage: await handle.open(), image: new StoreImage(), sessionIds: [], nextSessionId: 1 };
      try {
        await readStore(run.storage);
        for (const each of steps) await take(each, run, handle);
        await reopenAndCompare(run, handle);
      } finally {
        await run.storage.close();
        await handle.dispose();
      }
    }),
    { numRuns: runs },
  );
}

interface Run {
  storage: Storage;
  image: StoreImage;
  /** The id in each slot; 0 for none. A deleted session's id is never used again. */
  sessionIds: number[];
  nextSessionId: number;
}

const longName = "x".repeat(300);
const names = ["", "a", "b/+", "ü", `${longName}1`, `${longName}2`, "y".repeat(200)];
const name = fc.constantFrom(...names);
const tenant = fc.constantFrom("default", "other", `${longName}t`);
const slot = fc.nat(3);
const small = fc.integer({ min: 1, max: 6 });
const qos = fc.constantFrom(0, 1, 2);

/** The calls of the interface, and what happens between them. */
const step = fc.oneof(
  fc.record({ kind: fc.constant("endTurn" as const) }),
  fc.record({ kind: fc.constant("flush" as const) }),
  fc.record({ kind: fc.constant("reopen" as const) }),
  fc.record({ kind: fc.constant("putMessage" as const), id: small, tenant, payload: fc.uint8Array({ maxLength: 600 }), qos }),
  fc.record({ kind: fc.constant("deleteMessage" as const), id: small }),
  fc.record({ kind: fc.constant("putSession" as const), slot, tenant, clientIdentifier: name, hasWill: fc.boolean() }),
  fc.record({ kind: fc.constant("deleteSession" as const), slot }),
  fc.record({ kind: fc.constant("putSubscription" as const), slot, topicFilter: name, qos, identifier: fc.nat(300) }),
  fc.record({ kind: fc.constant("deleteSubscription" as const), slot, topicFilter: name }),
  fc.record({ kind: fc.constant("putQueueEntry" as const), slot, sequence: small, id: small, state: fc.constantFrom(0, 1, 2, 3) }),
  fc.record({ kind: fc.constant("deleteQueueEntry" as const), slot, sequence: small }),
  fc.record({ kind: fc.constant("putInbound" as const), slot, id: small }),
  fc.record({ kind: fc.constant("deleteInbound" as const), slot, id: small }),
  fc.record({ kind: fc.constant("putRetained" as const), tenant, name, id: small }),
  fc.record({ kind: fc.constant("deleteRetained" as const), tenant, name }),
  fc.record({ kind: fc.constant("putUser" as const), tenant, name, createdAt: small }),
  fc.record({ kind: fc.constant("deleteUser" as const), tenant, name }),
  fc.record({ kind: fc.constant("putRule" as const), tenant, name, order: fc.integer({ min: -5, max: 5 }) }),
  fc.record({ kind: fc.constant("deleteRule" as const), tenant, name }),
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

async function take(each: Step, run: Run, handle: StorageHandle): Promise<void> {
  if (each.kind === "endTurn") await new Promise(setImmediate);
  else if (each.kind === "flush") await run.storage.flush();
  else if (each.kind === "reopen") await reopenAndCompare(run, handle);
  else if ("slot" in each) changeSession(each, run);
  else changeRow(each, run);
}

/** Does the same to both. */
function both(run: Run, change: (store: Pick<Storage, WriteName> | StoreWriter) => void): void {
  change(run.storage);
  change(writerOf(run.image));
}

type WriteName = Extract<keyof Storage, `put${string}` | `delete${string}`>;
type StoreWriter = { [Name in WriteName]: (...args: Parameters<Storage[Name]>) => unknown };

function writerOf(image: StoreImage): StoreWriter {
  const session = (id: number) => image.sessions.get(id);
  return {
    putMessage: (message) => image.putMessage(message),
    deleteMessage: (id) => image.messages.delete(id),
    putSession: (row) => image.putSession(row),
    deleteSession: (id) => image.sessions.delete(id),
    putSubscription: (id, row) => image.putSubscription(id, row),
    deleteSubscription: (id, topicFilter) => session(id)?.subscriptions.delete(topicFilter),
    putQueueEntry: (id, row) => image.putQueueEntry(id, row),
    deleteQueueEntry: (id, sequence) => session(id)?.queue.delete(sequence),
    putInboundIdentifier: (id, identifier) => session(id)?.inboundIdentifiers.add(identifier),
    deleteInboundIdentifier: (id, identifier) => session(id)?.inboundIdentifiers.delete(identifier),
    putRetained: (of, topicName, id) => image.putRetained(of, topicName, id),
    deleteRetained: (of, topicName) => image.deleteRetained(of, topicName),
    putUser: (row) => image.putUser(row),
    deleteUser: (of, username) => image.deleteUser(of, username),
    putRule: (row) => image.putRule(row),
    deleteRule: (of, id) => image.deleteRule(of, id),
  };
}

function changeSession(each: Extract<Step, { slot: number }>, run: Run): void {
  const known = run.sessionIds[each.slot] ?? 0;
  if (each.kind === "putSession") {
    const id = known === 0 ? run.nextSessionId++ : known;
    run.sessionIds[each.slot] = id;
    const { topicName, payload } = { topicName: each.clientIdentifier, payload: bytesOf(each.clientIdentifier) };
    const will = {
      topicName,
      payload,
      qos: 1,
      retain: false,
      properties: undefined,
      messageExpiryInterval: -1,
      delayInterval: 9,
    } as const;
    const { tenant: of, clientIdentifier } = each;
    return both(run, (to) => to.putSession(aSession(id, { tenant: of, clientIdentifier, will: each.hasWill ? will : undefined })));
  }
  if (known === 0) return;
  if (each.kind === "deleteSession") {
    run.sessionIds[each.slot] = 0;
    return both(run, (to) => to.deleteSession(known));
  }
  changeBelow(each, known, run);
}

function changeBelow(
  each: Exclude<Extract<Step, { slot: number }>, { kind: "putSession" | "deleteSession" }>,
  id: number,
  run: Run,
): void {
  switch (each.kind) {
    case "putSubscription":
      return both(run, (to) =>
        to.putSubscription(id, aSubscription(each.topicFilter, { qos: each.qos as 0, subscriptionIdentifier: each.identifier })),
      );
    case "deleteSubscription":
      return both(run, (to) => to.deleteSubscription(id, each.topicFilter));
    case "putQueueEntry":
      return both(run, (to) =>
        to.putQueueEntry(
          id,
          aQueueEntry(each.sequence, { messageId: each.id, state: each.state as 0, subscriptionIdentifiers: [each.id] }),
        ),
      );
    case "deleteQueueEntry":
      return both(run, (to) => to.deleteQueueEntry(id, each.sequence));
    case "putInbound":
      return both(run, (to) => to.putInboundIdentifier(id, each.id));
    case "deleteInbound":
      return both(run, (to) => to.deleteInboundIdentifier(id, each.id));
  }
}

function changeRow(each: Exclude<Step, { slot: number } | { kind: "endTurn" | "flush" | "reopen" }>, run: Run): void {
  switch (each.kind) {
    case "putMessage":
      return both(run, (to) =>
        to.putMessage(
          aMessage(each.id, { tenant: each.tenant, payload: each.payload, qos: each.qos as 0, topicName: bytesOf(each.tenant) }),
        ),
      );
    case "deleteMessage":
      return both(run, (to) => to.deleteMessage(each.id));
    case "putRetained":
      return both(run, (to) => to.putRetained(each.tenant, bytesOf(each.name), each.id));
    case "deleteRetained":
      return both(run, (to) => to.deleteRetained(each.tenant, bytesOf(each.name)));
    case "putUser":
      return both(run, (to) => to.putUser(aUser(each.name, { tenant: each.tenant, createdAt: each.createdAt })));
    case "deleteUser":
      return both(run, (to) => to.deleteUser(each.tenant, each.name));
    case "putRule":
      return both(run, (to) => to.putRule(aRule(each.name, each.order, { tenant: each.tenant })));
    case "deleteRule":
      return both(run, (to) => to.deleteRule(each.tenant, each.name));
  }
}

async function reopenAndCompare(run: Run, handle: StorageHandle): Promise<void> {
  await run.storage.close();
  run.storage = await handle.open();
  const model: StoreContent = { calls: [], messages: [], sessions: [], retained: [], users: [], rules: [] };
  run.image.visit(visitorInto(model));
  const [read, expected] = [inOrder(await readStore(run.storage)), inOrder(model)];
  if (JSON.stringify(read) !== JSON.stringify(expected)) {
    throw new Error(`the store has ${JSON.stringify(read)}\nthe model has ${JSON.stringify(expected)}`);
  }
}

/** Only queues and rules have an order of their own. */
function inOrder(content: StoreContent): unknown {
  return {
    messages: content.messages.map(textOf).sort(),
    sessions: content.sessions
      .map(({ session, subscriptions, queue, inboundIdentifiers }) =>
        textOf([session, subscriptions.map(textOf).sort(), queue, [...inboundIdentifiers].sort((a, b) => a - b)]),
      )
      .sort(),
    retained: content.retained.map(textOf).sort(),
    users: content.users.map(textOf).sort(),
    rules: content.rules,
  };
}

function textOf(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => (part instanceof Uint8Array ? Buffer.from(part).toString("hex") : part));
}
