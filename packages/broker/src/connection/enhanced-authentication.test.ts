import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { describe, expect, test } from "vitest";
import {
  type AuthPacket,
  type ConnackPacket,
  type DisconnectPacket,
  type MqttError,
  PacketType,
  type Properties,
} from "@bowline/protocol";
import { type ClientSink, ClientConnection, Sender, SessionState } from "@bowline/protocol/internal";
import { BrokerWorld, connectOf, type TestClient } from "@bowline/testkit/broker";
import { AnonymousMethod } from "../auth/anonymous-method.ts";
import type { EnhancedMethod, ExchangeStep } from "../auth/authenticator.ts";
import { AuthenticatorChain } from "../auth/authenticator-chain.ts";
import { silentLogger } from "../log/logger.ts";

const METHOD = "HMAC-CHALLENGE";
const keys: Readonly<Record<string, string>> = { ada: "a key of hers", bob: "another one" };

function proof(name: string, nonce: Uint8Array): Buffer {
  return createHmac("sha256", keys[name] ?? "")
    .update(nonce)
    .digest();
}

/** The client names itself, the server sends a nonce, the client its HMAC; the server proves that it knows the key as well. */
class ChallengeMethod implements EnhancedMethod {
  readonly name: string = METHOD;
  /** What each step waits for. */
  gate: Promise<void> | undefined;
  signal: AbortSignal | undefined;

  begin(): { next(data: Uint8Array | undefined, signal: AbortSignal): ExchangeStep | Promise<ExchangeStep> } {
    let name = "";
    const nonce = randomBytes(16);
    const step = (data: Uint8Array | undefined): ExchangeStep => {
      const bytes = Buffer.from(data ?? []);
      if (name === "") {
        name = bytes.toString();
        if (name === "throws") throw new Error("the method broke");
        return { continueWith: nonce };
      }
      const expected = proof(name, nonce);
      if (bytes.length !== expected.length || !timingSafeEqual(bytes, expected)) {
        return { allowed: false, reasonCode: 0x86, reason: "wrong proof" };
      }
      return { allowed: true, owner: name, data: proof(name, expected) };
    };
    return {
      next: (data, signal) => {
        this.signal = signal;
        return this.gate === undefined ? step(data) : this.gate.then(() => step(data));
      },
    };
  }
}

async function start(method = new ChallengeMethod()): Promise<BrokerWorld> {
  return BrokerWorld.start({ authenticator: new AuthenticatorChain([new AnonymousMethod()], silentLogger, [method]) });
}

const data = (value: string | Uint8Array): Properties => ({
  authenticationMethod: METHOD,
  authenticationData: typeof value === "string" ? Buffer.from(value) : value,
});
const auth = (reasonCode: number, value: string | Uint8Array): AuthPacket => ({
  type: PacketType.AUTH,
  reasonCode,
  properties: data(value),
});

async function begin(client: TestClient, name: string, clientIdentifier = "c"): Promise<Uint8Array> {
  client.send(connectOf(5, { clientIdentifier, properties: data(name) }));
  const [question] = await client.takeOfType(PacketType.AUTH);
  return question!.properties!.authenticationData!;
}

async function connected(world: BrokerWorld, name: string, clientIdentifier = "c"): Promise<TestClient> {
  const client = world.dial();
  const nonce = await begin(client, name, clientIdentifier);
  client.send(auth(0x18, proof(name, nonce)));
  await client.take();
  return client;
}

describe.each(["at once", "later"] as const)("a method that answers %s", (when) => {
  const make = (): Promise<BrokerWorld> => {
    const method = new ChallengeMethod();
    if (when === "later") method.gate = Promise.resolve();
    return start(method);
  };

  test("[MQTT-4.12.0-2] [MQTT-4.12.0-5] asks, is answered, and accepts with its last data and the method's name", async () => {
    const world = await make();
    const client = world.dial();
    client.send(connectOf(5, { clientIdentifier: "c", properties: data("ada") }));
    const [question, ...others] = await client.take();
    expect(others).toEqual([]);
    expect(question).toMatchObject({ type: PacketType.AUTH, reasonCode: 0x18, properties: { authenticationMethod: METHOD } });
    const nonce = (question as AuthPacket).properties!.authenticationData!;
    client.send(auth(0x18, proof("ada", nonce)));
    const [connack] = await client.take();
    expect(connack).toMatchObject({ type: PacketType.CONNACK, reasonCode: 0, properties: { authenticationMethod: METHOD } });
    const last = (connack as ConnackPacket).properties!.authenticationData!;
    expect(Buffer.from(last)).toEqual(proof("ada", proof("ada", nonce)));
    expect([...world.broker.connections()][0]!.session!.owner).toBe("ada");
  });

  test("[MQTT-4.12.0-4] a wrong answer is refused by the CONNACK, and the connection closed", async () => {
    const world = await make();
    const client = world.dial();
    await begin(client, "ada");
    client.send(auth(0x18, "nonsense"));
    expect(await client.take()).toMatchObject([{ type: PacketType.CONNACK, reasonCode: 0x86 }]);
    expect(client.isClosed).toBe(true);
    expect(world.broker.sessionCount).toBe(0);
  });

  test("a method that throws refuses its client with 0x88 and touches nobody else", async () => {
    const world = await make();
    const other = await world.client();
    const client = world.dial();
    const reasonString = expect.stringMatching(/^UNAVAILABLE/) as string;
    expect(await client.connect({ properties: data("throws") })).toMatchObject({ reasonCode: 0x88, properties: { reasonString } });
    await other.subscribe("t", 0);
    other.publish("t", "1");
    expect(await other.takeTexts()).toEqual(["t=1"]);
  });

  test("[MQTT-4.12.1-1] an open connection is authenticated again, and messages flow meanwhile", async () => {
    const world = await make();
    const client = await connected(world, "ada");
    await client.subscribe("t", 0);
    client.send(auth(0x19, "ada"));
    const [question] = await client.takeOfType(PacketType.AUTH);
    expect(question).toMatchObject({ reasonCode: 0x18 });
    client.publish("t", "meanwhile");
    expect(await client.takeTexts()).toEqual(["t=meanwhile"]);
    client.send(auth(0x18, proof("ada", question!.properties!.authenticationData!)));
    expect(await client.take()).toMatchObject([
      { type: PacketType.AUTH, reasonCode: 0, properties: { authenticationMethod: METHOD } },
    ]);
    client.publish("t", "after");
    expect(await client.takeTexts()).toEqual(["t=after"]);
  });

  test("[MQTT-4.12.1-2] one who fails to is disconnected, and so is one who turns out to be somebody else", async () => {
    const world = await make();
    const wrong = await connected(world, "ada");
    wrong.send(auth(0x19, "ada"));
    await wrong.take();
    wrong.send(auth(0x18, "nonsense"));
    expect(await wrong.take()).toMatchObject([{ type: PacketType.DISCONNECT, reasonCode: 0x87 }]);
    expect(wrong.isClosed).toBe(true);
    const other = await connected(world, "ada");
    other.send(auth(0x19, "bob"));
    const [question] = await other.takeOfType(PacketType.AUTH);
    other.send(auth(0x18, proof("bob", question!.properties!.authenticationData!)));
    expect(await other.take()).toMatchObject([{ type: PacketType.DISCONNECT, reasonCode: 0x87 }]);
    expect(other.isClosed).toBe(true);
  });

  test("a Session belongs to the owner that the method names", async () => {
    const world = await make();
    await connected(world, "ada", "same");
    await connected(world, "bob", "same");
    expect(world.broker.sessionCount).toBe(2);
    expect([...world.broker.connections()]).toHaveLength(2);
  });
});

test("[MQTT-4.12.0-1] a method that nobody handles is refused with 0x8C", async () => {
  const world = await start();
  const client = world.dial();
  expect(await client.connect({ properties: { authenticationMethod: "OTHER" } })).toMatchObject({ reasonCode: 0x8c });
  expect(client.isClosed).toBe(true);
});

test("[MQTT-4.12.0-6] a client without a method gets no AUTH, and may send none", async () => {
  const world = await start();
  const client = await world.client();
  client.send(auth(0x19, "ada"));
  expect(await client.take()).toMatchObject([{ type: PacketType.DISCONNECT, reasonCode: 0x82 }]);
});

test("a client that leaves in the middle aborts its step, and the late answer does nothing", async () => {
  const method = new ChallengeMethod();
  let open!: () => void;
  method.gate = new Promise((resolve) => {
    open = resolve;
  });
  const world = await start(method);
  const client = world.dial();
  client.send(connectOf(5, { properties: data("ada") }));
  await world.settle();
  expect(method.signal?.aborted).toBe(false);
  await client.cut();
  expect(method.signal?.aborted).toBe(true);
  open();
  await world.settle();
  expect(world.broker.sessionCount).toBe(0);
});

test("a DISCONNECT in the middle, and a client that never goes on, leave nothing behind", async () => {
  const world = await start();
  const leaving = world.dial();
  await begin(leaving, "ada");
  leaving.send({ type: PacketType.DISCONNECT, reasonCode: 0 });
  await world.settle();
  expect(leaving.isClosed).toBe(true);
  const silent = world.dial();
  await begin(silent, "ada");
  await world.clock.advance(10_500);
  expect(silent.isClosed).toBe(true);
  expect(world.broker.sessionCount).toBe(0);
  expect([...world.broker.connections()]).toEqual([]);
});

test("an authenticator that throws, or rejects, refuses with 0x88", async () => {
  for (const failure of ["throws", "rejects"] as const) {
    const world = await BrokerWorld.start({
      authenticator: {
        authenticateNow: () => {
          if (failure === "throws") throw new Error("broken");
          return undefined;
        },
        authenticate: () => Promise.reject(new Error("broken")),
      },
    });
    expect(await world.dial().connect()).toMatchObject({ reasonCode: 0x88 });
    expect(await world.dial(4).connect()).toMatchObject({ reasonCode: 0x88 });
  }
});

test("our own client engine and the broker authenticate each other, and do so again", async () => {
  const world = await start();
  const channel = world.network.connect("broker");
  const told: string[] = [];
  let isProven = false;
  let nonce: Uint8Array = new Uint8Array();
  const answer = (question: Uint8Array): Properties => {
    nonce = question;
    return { authenticationData: proof("ada", question) };
  };
  const prove = (last: Uint8Array | undefined): void => {
    isProven = last !== undefined && Buffer.from(last).equals(proof("ada", proof("ada", nonce)));
  };
  const sink: ClientSink = {
    accepted: (packet) => {
      told.push("accepted");
      prove(packet.properties?.authenticationData);
    },
    message: () => 0,
    subscribed: () => {},
    unsubscribed: () => {},
    auth: (packet) => {
      told.push(`auth ${packet.reasonCode}`);
      if (packet.reasonCode === 0x18) connection.authenticate(answer(packet.properties!.authenticationData!));
      else prove(packet.properties?.authenticationData);
    },
    ended: (error: MqttError | undefined, packet: ConnackPacket | DisconnectPacket | undefined) => {
      told.push(`ended ${error?.code ?? packet?.reasonCode}`);
    },
  };
  const sender = new Sender({
    committed: Number.POSITIVE_INFINITY,
    awaitCommit: () => {},
    write: (bytes) => channel.write(bytes.slice()),
    schedule: () => queueMicrotask(() => sender.flush()),
    entryMoved: () => 0,
    entryDone: () => {},
    wallTime: () => 0,
  });
  const limits = { maximumPacketSize: 100_000, connectTimeoutMs: 1000 };
  const connection = new ClientConnection(sink, sender, new SessionState(), connectOf(5, { properties: data("ada") }), limits, 0);
  channel.handler = { data: (chunk) => connection.receive(chunk.slice(), 0), drained() {}, closed() {} };
  await world.settle();
  expect(told).toEqual(["auth 24", "accepted"]);
  expect(isProven).toBe(true);
  isProven = false;
  connection.reauthenticate({ authenticationData: Buffer.from("ada") });
  await world.settle();
  expect(told.slice(2)).toEqual(["auth 24", "auth 0"]);
  expect(isProven).toBe(true);
});
