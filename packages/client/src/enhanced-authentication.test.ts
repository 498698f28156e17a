import { beforeAll, describe, expect, test } from "vitest";
import { type AuthPacket, type Packet, PacketType, type Properties } from "@bowline/protocol";
import type { Authentication, AuthenticationStep } from "./authentication.ts";
import type { ConnectOptions, Credentials } from "./options.ts";
import { message, rejection, stage } from "./testing/client-on-script.ts";
import type { Link } from "./testing/scripted-server.ts";
import { failOnUnhandledRejections } from "./testing/unhandled-rejections.ts";
import { turn, VirtualClock } from "./testing/virtual-clock.ts";

const { CONNECT, CONNACK, AUTH, DISCONNECT, PUBLISH } = PacketType;
const encoder = new TextEncoder();
const text = (data: Uint8Array | undefined): string => new TextDecoder().decode(data);

failOnUnhandledRejections();
// Loaded on demand, which takes real time the first time.
beforeAll(() => Promise.all([import("./authenticator.ts"), import("./renewal.ts")]));

const auth = (reasonCode: number, data: string, more: Properties = {}): AuthPacket => ({
  type: AUTH,
  reasonCode,
  properties: { authenticationMethod: "ECHO", authenticationData: encoder.encode(data), ...more },
});

/** A method that answers each question with its own text, and remembers its steps. */
function echo(step?: Authentication["step"]): Authentication & { steps: AuthenticationStep[] } {
  const steps: AuthenticationStep[] = [];
  const answer = async (asked: AuthenticationStep): Promise<string | Uint8Array | undefined> => {
    steps.push(asked);
    if (step !== undefined) return step(asked);
    return asked.kind === "begin" ? "hello" : `re:${text(asked.data)}`;
  };
  return { method: "ECHO", step: answer, steps };
}

/** A server that asks twice and then accepts; a re-authentication alike. */
function examines(packet: Packet, link: Link): boolean {
  const properties = "properties" in packet ? packet.properties : undefined;
  if (packet.type === CONNECT) link.send(auth(0x18, "one"));
  else if (packet.type !== AUTH) return false;
  else if (packet.reasonCode === 0x19) link.send(auth(0x18, "again"));
  else if (text(properties?.authenticationData) === "re:one") link.send(auth(0x18, "two"));
  else if (text(properties?.authenticationData) === "re:again") link.send(auth(0, "proof"));
  else {
    const connack = { authenticationMethod: "ECHO", authenticationData: encoder.encode("proof") };
    link.send({ type: CONNACK, sessionPresent: false, reasonCode: 0, properties: connack });
  }
  return true;
}

async function examined(credentials: NonNullable<ConnectOptions["credentials"]>, options: ConnectOptions = {}) {
  const it = await stage({ credentials, ...options }, (server) => {
    server.script = examines;
  });
  for (let i = 0; i < 5; i++) await turn();
  return it;
}

describe("connecting with an authentication method", () => {
  test("[MQTT-4.12.0-3] [MQTT-4.12.0-5] answers each AUTH of the server with AUTH 0x18 and the same method", async () => {
    const authentication = echo();
    const { client, server } = await examined({ authentication });
    expect(client.status.state).toBe("online");
    const { authenticationMethod, authenticationData } = server.connects[0]?.properties ?? {};
    expect([authenticationMethod, text(authenticationData)]).toEqual(["ECHO", "hello"]);
    const sent = server.link
      .of(AUTH)
      .map(({ reasonCode, properties }) => [reasonCode, properties?.authenticationMethod, text(properties?.authenticationData)]);
    expect(sent).toEqual([
      [0x18, "ECHO", "re:one"],
      [0x18, "ECHO", "re:two"],
    ]);
    expect(authentication.steps.map(({ kind, data }) => [kind, text(data)])).toEqual([
      ["begin", ""],
      ["continue", "one"],
      ["continue", "two"],
      ["success", "proof"],
    ]);
  });

  test("[MQTT-3.1.2-30] sends nothing but AUTH and DISCONNECT before the CONNACK", async () => {
    const { client, server } = await stage({ credentials: { authentication: echo() } }, (it) => {
      it.script = (packet, link) => {
        if (packet.type === CONNECT) link.send(auth(0x18, "one"));
        return true;
      };
    });
    void client.publish("t", "early", { qos: 1 }).then(undefined, () => undefined);
    client.subscribe("s").ready.catch(() => undefined);
    for (let i = 0; i < 5; i++) await turn();
    expect(server.link.received.map(({ type }) => type)).toEqual([CONNECT, AUTH]);
    await client.abort();
  });

  test("[MQTT-4.12.0-6] an AUTH to a client that named no method is a protocol error", async () => {
    const { server, losses } = await stage();
    server.link.send(auth(0x18, "x"));
    await turn();
    expect(losses[0]).toMatchObject({ code: "PROTOCOL_ERROR", reasonCode: 0x82 });
    expect(server.link.of(DISCONNECT)[0]).toMatchObject({ reasonCode: 0x82 });
  });

  test("a method that the server does not know ends the client with AUTH_METHOD", async () => {
    const { client, failures } = await stage({ credentials: { authentication: echo() } }, (it) => {
      it.script = (_packet, link) => {
        link.send({ type: CONNACK, sessionPresent: false, reasonCode: 0x8c });
        return true;
      };
    });
    await turn();
    expect(failures[0]).toMatchObject({ code: "AUTH_METHOD", reasonCode: 0x8c, stage: "mqtt" });
    expect(client.status.state).toBe("failed");
  });

  test("[MQTT-4.12.0-4] a refusal in the middle of the exchange is classified, and waits for other credentials", async () => {
    const { client, failures, clock, server } = await stage({ credentials: () => ({ authentication: echo() }) }, (it) => {
      it.script = (packet, link) => {
        if (packet.type === CONNECT) link.send(auth(0x18, "one"));
        else link.send({ type: CONNACK, sessionPresent: false, reasonCode: 0x87 });
        return true;
      };
    });
    for (let i = 0; i < 5; i++) await turn();
    expect(failures[0]).toMatchObject({ code: "NOT_AUTHORIZED", reasonCode: 0x87 });
    expect(client.status.state).toBe("waiting");
    await clock.advance(1000);
    expect(server.connects).toHaveLength(2);
  });

  test.each(["begin", "continue", "success"] as const)(
    "a step function that throws at %s ends the attempt or the connection",
    async (kind) => {
      const cause = new Error("no such key");
      const authentication = echo((step) => {
        if (step.kind === kind) throw cause;
        return "re:one";
      });
      const { client, failures, losses } = await stage({ credentials: { authentication } }, (it) => {
        it.script = (packet, link) => {
          if (packet.type === CONNECT && kind === "continue") link.send(auth(0x18, "one"));
          else if (packet.type === CONNECT) {
            link.send({ type: CONNACK, sessionPresent: false, reasonCode: 0, properties: { authenticationMethod: "ECHO" } });
          }
          return true;
        };
      });
      for (let i = 0; i < 5; i++) await turn();
      expect([...failures, ...losses]).toMatchObject([{ code: "AUTH_FAILED", error: { cause } }]);
      expect(client.status.state).toBe("failed");
    },
  );

  test("a step that never ends is a failure within the time limit", async () => {
    for (const kind of ["begin", "continue"]) {
      const signals: AbortSignal[] = [];
      const authentication = echo((step) => {
        signals.push(step.signal);
        return step.kind === kind ? new Promise(() => undefined) : undefined;
      });
      const { clock, client, failures } = await examined({ authentication }, { connectTimeoutMs: 500, reconnect: false });
      await clock.advance(500);
      expect(failures).toMatchObject([{ code: "CREDENTIALS_TIMEOUT" }]);
      await client.close();
      if (kind === "continue") expect(signals.at(-1)?.aborted).toBe(true);
      expect(clock.pending).toBe(0);
    }
  });

  test("no message leaves before the server has proved itself, and none when it does not", async () => {
    for (const isTrue of [true, false]) {
      let prove: (() => void) | undefined;
      const authentication = echo((step) => {
        if (step.kind !== "success") return "re:one";
        return new Promise((resolve, reject) => {
          prove = () => (isTrue ? resolve(undefined) : reject(new Error("a stranger")));
        });
      });
      const { client, server, clock, states, failures } = await stage({ credentials: { authentication } }, (it) => {
        it.connack = { authenticationMethod: "ECHO" };
      });
      const published = client.publish("t", "secret", { qos: 1 }).then(
        () => "sent",
        (error: { code: string }) => error.code,
      );
      client.subscribe("s").ready.catch(() => undefined);
      await clock.advance(1000);
      expect(server.link.received.map(({ type }) => type)).toEqual([CONNECT]);
      expect(states).toEqual(["connecting"]);
      prove?.();
      expect(await published).toBe(isTrue ? "sent" : "AUTH_FAILED");
      expect(server.link.of(PUBLISH)).toHaveLength(isTrue ? 1 : 0);
      expect(failures.map(({ code }) => code)).toEqual(isTrue ? [] : ["AUTH_FAILED"]);
      await client.close();
      expect(clock.pending).toBe(0);
    }
  });

  test("asks nothing for an attempt that ended before its script was there", async () => {
    const { beginAuthentication } = await import("./authenticator.ts");
    const method = echo();
    const begun = beginAuthentication(method, AbortSignal.abort(), new VirtualClock(), 1000);
    expect(await rejection(begun)).toMatchObject({ code: "ABORTED" });
    expect(method.steps).toEqual([]);
  });

  test("is said only in MQTT 5.0", async () => {
    await expect(stage({ protocolVersion: 4, credentials: { authentication: echo() } })).rejects.toMatchObject({
      code: "UNSUPPORTED_IN_V3",
    });
  });
});

describe("re-authentication", () => {
  test("[MQTT-4.12.1-1] begins with AUTH 0x19 and the method of the CONNECT, while messages flow", async () => {
    const methods = [echo(), echo()];
    let asked = 0;
    const { client, server } = await examined(() => ({ authentication: methods[asked++] as Authentication }));
    const done = client.reauthenticate();
    await client.publish("t", "meanwhile", { qos: 1 });
    await done;
    expect(server.link.of(AUTH).map(({ reasonCode }) => reasonCode)).toEqual([0x18, 0x18, 0x19, 0x18]);
    expect(methods[1]?.steps.map(({ kind, isReauthentication }) => [kind, isReauthentication])).toEqual([
      ["begin", true],
      ["continue", true],
      ["success", true],
    ]);
    expect(server.link.of(PUBLISH)).toHaveLength(1);
    expect(client.status.state).toBe("online");
    await client.close();
  });

  test("[MQTT-4.12.1-2] a refusal ends the connection, and whoever waits hears why", async () => {
    const { client, server, losses } = await examined(() => ({ authentication: echo() }));
    server.script = (packet, link) => {
      if (packet.type !== AUTH) return false;
      link.send({ type: DISCONNECT, reasonCode: 0x87 });
      return true;
    };
    expect(await rejection(client.reauthenticate())).toMatchObject({ code: "NOT_AUTHORIZED" });
    expect(losses).toMatchObject([{ code: "NOT_AUTHORIZED", reasonCode: 0x87 }]);
    await client.abort();
  });

  test("that is not answered ends the connection after the time limit", async () => {
    const { client, server, losses, clock } = await examined(() => ({ authentication: echo() }), { connectTimeoutMs: 700 });
    server.script = (packet) => packet.type === AUTH;
    const refused = rejection(client.reauthenticate());
    await clock.advance(700);
    expect(await refused).toMatchObject({ code: "TIMEOUT" });
    expect(losses).toMatchObject([{ code: "TIMEOUT" }]);
    expect(server.links[0]?.of(DISCONNECT)).toHaveLength(1);
    await client.abort();
  });

  test("a signal ends the wait alone: for the credentials, or for the server, which may still answer", async () => {
    let give: (credentials: Credentials) => void = () => undefined;
    const fresh = new Promise<Credentials>((resolve) => {
      give = resolve;
    });
    const given: (Credentials | Promise<Credentials>)[] = [{ authentication: echo() }, fresh];
    const { client, server, losses } = await examined(() => given.shift() ?? {});
    server.script = (packet) => packet.type === AUTH;
    const early = new AbortController();
    const first = rejection(client.reauthenticate({ signal: early.signal }));
    await turn();
    early.abort("no more");
    expect(await first).toMatchObject({ code: "ABORTED", cause: "no more" });
    const late = new AbortController();
    const second = rejection(client.reauthenticate({ signal: late.signal }));
    const third = client.reauthenticate();
    give({ authentication: echo() });
    while (server.link.of(AUTH).at(-1)?.reasonCode !== 0x19) await turn();
    late.abort();
    expect(await second).toMatchObject({ code: "ABORTED" });
    expect(await rejection(client.reauthenticate({ signal: AbortSignal.abort() }))).toMatchObject({ code: "ABORTED" });
    server.link.send(auth(0, "proof"));
    await third;
    expect(client.status.state).toBe("online");
    expect(losses).toEqual([]);
    await client.close();
  });

  test("a client that closes meanwhile leaves no timer, and whoever waits is told", async () => {
    const given: (Credentials | Promise<Credentials>)[] = [{ authentication: echo() }, new Promise(() => undefined)];
    const { client, clock } = await examined(() => given.shift() ?? {});
    const proved = rejection(client.reauthenticate());
    await turn();
    await client.close();
    expect(await proved).toMatchObject({ code: "CLIENT_CLOSED" });
    expect(clock.pending).toBe(0);
  });

  test("[MQTT-4.12.0-7] needs a connection, and the method that it began with", async () => {
    const plain = await stage();
    expect(await rejection(plain.client.reauthenticate())).toMatchObject({ code: "AUTH_METHOD" });
    expect(plain.server.link.of(AUTH)).toEqual([]);
    await plain.client.close();
    expect(await rejection(plain.client.reauthenticate())).toMatchObject({ code: "NOT_CONNECTED" });
    const given: Credentials[] = [{ authentication: echo() }, { authentication: { ...echo(), method: "OTHER" } }];
    const { client, server } = await examined(() => given.shift() ?? {});
    expect(await rejection(client.reauthenticate())).toMatchObject({ code: "AUTH_METHOD" });
    expect(server.link.of(AUTH).filter(({ reasonCode }) => reasonCode === 0x19)).toEqual([]);
    expect(client.status.state).toBe("online");
  });

  test("takes the place of a planned reconnect when credentials end", async () => {
    let issued = 0;
    const { client, server, clock, losses } = await examined(() => ({
      authentication: echo(),
      expiresAt: 1_800_000_000_000 + 10_000 * ++issued,
    }));
    for (let i = 0; i < 20; i++) await clock.advance(1500);
    expect(server.connects).toHaveLength(1);
    expect(server.link.of(AUTH).filter(({ reasonCode }) => reasonCode === 0x19).length).toBeGreaterThanOrEqual(3);
    expect(losses).toEqual([]);
    server.link.send(message("t", "still there"));
    expect(client.status.state).toBe("online");
    await client.close();
    expect(clock.pending).toBe(0);
  });
});
