import { PacketType } from "@bowline/protocol";
import { describe, expect, test, vi } from "vitest";
import type { ConnectOptions } from "./options.ts";
import { acknowledgement } from "./testing/scripted-server.ts";
import { message, rejection, stage, textOf } from "./testing/client-on-script.ts";
import { failOnUnhandledRejections } from "./testing/unhandled-rejections.ts";
import { turn } from "./testing/virtual-clock.ts";

const { PUBLISH, PUBACK, PUBREC, PUBREL, CONNACK, DISCONNECT, PINGREQ, UNSUBSCRIBE } = PacketType;

failOnUnhandledRejections();

describe("connecting", () => {
  test("goes online, and says so once", async () => {
    const { client, states, server } = await stage();
    expect(states).toEqual(["connecting", "online"]);
    expect(server.connects).toHaveLength(1);
    expect(await client.online()).toMatchObject({ state: "online", sessionPresent: false });
  });

  test("obeys the server's choice of Client Identifier", async () => {
    const { client, server } = await stage({ session: { clientId: "" } }, (it) => {
      it.connack = { assignedClientIdentifier: "chosen" };
    });
    expect(client.clientId).toBe("chosen");
    server.link.cut();
    client.reconnect();
    await turn();
    expect(server.connects[1]?.clientIdentifier).toBe("chosen");
  });

  test("falls back to 3.1.1 when the server does not know 5.0, unless the version was asked for", async () => {
    const refuse = {
      script: (packet: { type: number; protocolVersion?: number }) => packet.type === 1 && packet.protocolVersion === 5,
    };
    const { client, failures, clock } = await stage({}, (it) => {
      it.script = (packet, link) => {
        if (!refuse.script(packet)) return false;
        link.sendBytes(Uint8Array.of(0x20, 2, 0, 1));
        return true;
      };
    });
    await clock.advance(1);
    expect(failures.map(({ code, retryInMs }) => [code, retryInMs])).toEqual([["PROTO_VERSION", 0]]);
    expect(client.status.state).toBe("online");

    const strict = await stage({ protocolVersion: 5 }, (it) => {
      it.script = (_packet, link) => {
        link.sendBytes(Uint8Array.of(0x20, 2, 0, 1));
        return true;
      };
    });
    expect(strict.client.status.state).toBe("failed");
  });

  test("what is wrong with the input is thrown at the call", async () => {
    await expect(stage({ protocolVersion: 4, credentials: { password: "p" } })).rejects.toMatchObject({ code: "OPTION_INVALID" });
    const wrong = [null, "user:password", 5, { username: () => "u" }, { username: "u", password: () => "p" }];
    for (const credentials of wrong) await expect(stage({ credentials: credentials as never })).rejects.toThrow(TypeError);
  });

  test("a transport that throws is one failure of each attempt", async () => {
    const { client, failures, clock } = await stage({
      transport: () => {
        throw new Error("no modem");
      },
      reconnect: { delay: () => 10 },
    });
    await clock.advance(10);
    expect(failures.map(({ code, attempt }) => [code, attempt])).toEqual([1, 2].map((attempt) => ["INTERNAL", attempt]));
    expect(failures[0]?.error.message).toContain("no modem");
    await client.abort();
  });

  test("online() rejects when its signal aborts, and when the client ends", async () => {
    const { client } = await stage({}, (it) => {
      it.answers = false;
    });
    const controller = new AbortController();
    const first = client.online({ signal: controller.signal });
    const second = client.online();
    controller.abort();
    await expect(first).rejects.toMatchObject({ code: "ABORTED" });
    void client.close();
    await expect(second).rejects.toMatchObject({ code: "CLIENT_CLOSED" });
  });
});

describe("failed attempts", () => {
  test("give one failure each and come back", async () => {
    const refused = Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED", syscall: "connect" });
    const { client, server, clock, failures, states } = await stage({}, (it) => {
      it.reachable = refused;
    });
    await clock.advance(20_000);
    expect(failures.length).toBe(server.links.length);
    expect(failures.map(({ code }) => code)).toEqual(failures.map(() => "TCP_REFUSED"));
    expect(failures.map(({ attempt }) => attempt)).toEqual(failures.map((_, index) => index + 1));
    expect(failures.slice(0, 4).map(({ retryInMs }) => retryInMs)).toEqual([1000, 3000, 6000, 12_000]);
    expect(client.status).toMatchObject({ state: "waiting", degraded: true });
    server.reachable = true;
    await clock.advance(40_000);
    expect(states.at(-1)).toBe("online");
  });

  test("a server that never answers is given up after the time limit", async () => {
    const { server, clock, failures } = await stage({ connectTimeoutMs: 700 }, (it) => {
      it.answers = false;
    });
    await clock.advance(699);
    expect(failures).toEqual([]);
    await clock.advance(1);
    expect(failures[0]).toMatchObject({ code: "SILENT", stage: "mqtt" });
    expect(server.links[0]?.isClosed).toBe(true);
  });

  test.each([
    [5, 0x86],
    [5, 0x87],
    [4, 4],
    [4, 5],
  ] as const)("refused credentials end a client of version %i that has no others (%i)", async (protocolVersion, code) => {
    const { client, clock, server, failures } = await stage(
      { protocolVersion, credentials: { username: "u", password: "bad" } },
      (it) => {
        it.script = (_packet, link) => {
          link.sendBytes(protocolVersion === 5 ? Uint8Array.of(0x20, 3, 0, code, 0) : Uint8Array.of(0x20, 2, 0, code));
          return true;
        };
      },
    );
    const pending = client.publish("a", "b", { qos: 1 });
    await expect(pending).rejects.toMatchObject({ retry: "new-credentials" });
    expect(client.status).toMatchObject({ state: "failed" });
    expect(failures).toHaveLength(1);
    expect(failures[0]?.retryInMs).toBeUndefined();
    expect(server.link.isClosed).toBe(true);
    await clock.advance(100_000);
    expect(server.connects).toHaveLength(1);
    await expect(client.online()).rejects.toMatchObject({ retry: "new-credentials" });
    expect(clock.pending).toBe(0);
  });

  test("bytes that are not MQTT are named", async () => {
    const { failures } = await stage({}, (it) => {
      it.script = (_packet, link) => {
        link.sendBytes(new TextEncoder().encode("HTTP/1.1 400 Bad Request\r\n\r\n"));
        return true;
      };
    });
    expect(failures[0]).toMatchObject({ code: "MQTT_TO_HTTP" });
  });

  test("a close before CONNACK is named", async () => {
    const { failures } = await stage({}, (it) => {
      it.script = (_packet, link) => {
        link.cut();
        return true;
      };
    });
    expect(failures[0]).toMatchObject({ code: "CONNACK_NONE", stage: "mqtt" });
  });

  test("without a listener the first is told once", async () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => undefined);
    const { stage: fresh } = await import("./testing/client-on-script.ts");
    const { client, clock } = await fresh({}, (it) => {
      it.reachable = new Error("no");
    });
    await clock.advance(10_000);
    await client.close();
    expect(warn.mock.calls.length).toBeLessThanOrEqual(1);
    warn.mockRestore();
  });
});

describe("a cut", () => {
  test("sends what was not acknowledged again, in order and with DUP", async () => {
    const { client, server, clock } = await stage({}, (it) => {
      it.script = (packet) => packet.type === PUBLISH;
      it.sessionPresent = true;
    });
    const all = Promise.all(Array.from({ length: 4 }, (_, i) => client.publish("t", String(i), { qos: 1 })));
    await turn();
    server.link.send(acknowledgement(PUBACK, 2));
    server.script = () => false;
    server.link.cut();
    await clock.advance(1000);
    await all;
    expect(server.link.of(PUBLISH).map((packet) => [textOf(packet), packet.dup, packet.packetIdentifier])).toEqual([
      ["0", true, 1],
      ["2", true, 3],
      ["3", true, 4],
    ]);
  });

  test("goes on with PUBREL where PUBREC came", async () => {
    const { client, server, clock } = await stage({}, (it) => {
      it.script = (packet) => packet.type === PUBREL;
      it.sessionPresent = true;
    });
    const exact = client.publish("t", "x", { qos: 2 });
    await turn();
    server.script = () => false;
    server.link.cut();
    await clock.advance(1000);
    await exact;
    expect(server.link.of(PUBLISH)).toEqual([]);
    expect(server.link.of(PUBREL)).toHaveLength(1);
  });

  test("[MQTT-3.2.2-5] with the session gone sends QoS 1 as new, and QoS 2 that has left fails with its fate unknown", async () => {
    const { client, server, clock } = await stage({}, (it) => {
      it.script = (packet) => packet.type === PUBREL || packet.type === PUBLISH;
    });
    const taken = rejection(client.publish("t", "taken", { qos: 2 }));
    const sent = rejection(client.publish("t", "sent", { qos: 2 }));
    const open = client.publish("t", "open", { qos: 1 });
    await turn();
    server.link.send(acknowledgement(PUBREC, 1));
    await turn();
    const queued = client.publish("t", "later", { qos: 1 });
    server.script = () => false;
    server.link.cut();
    await clock.advance(1000);
    await Promise.all([open, queued]);
    for (const error of [await taken, await sent]) {
      expect(error).toMatchObject({ code: "SESSION_LOST", message: expect.stringContaining("not known") as string });
    }
    expect(server.link.of(PUBLISH).map((packet) => [textOf(packet), packet.dup])).toEqual([
      ["open", false],
      ["later", false],
    ]);
  });

  test("is one loss, and the messages published meanwhile arrive", async () => {
    const { client, server, clock, losses, failures } = await stage();
    await clock.advance(40_000);
    server.link.cut(Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" }));
    const late = client.publish("t", "x", { qos: 1 });
    expect(losses).toHaveLength(1);
    expect(losses[0]).toMatchObject({ retryInMs: 1000 });
    await clock.advance(1000);
    await late;
    expect(failures).toEqual([]);
  });

  test("after which the server took the identifier over three times ends the client", async () => {
    const { client, server, clock, losses } = await stage();
    for (let i = 0; i < 3; i++) {
      server.link.send({ type: DISCONNECT, reasonCode: 0x8e });
      await clock.advance(9000);
    }
    expect(losses.map(({ code }) => code)).toEqual(["TAKEOVER", "TAKEOVER", "TAKEOVER"]);
    expect(client.status.state).toBe("failed");
  });
});

describe("takeover", () => {
  const lives = async (options: ConnectOptions, cause?: (i: number) => Error | undefined) => {
    const it = await stage(options);
    for (let i = 0; i < 12 && it.client.status.state === "online"; i++) {
      // Never twice at the same age, which would be another diagnosis.
      await it.clock.advance(100 * i);
      it.server.link.cut(cause?.(i));
      it.client.reconnect();
      await turn();
    }
    return it;
  };
  const reset = (): Error => Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" });

  test("before 5.0 is three closes without a reason soon after CONNACK, and the identifier is named", async () => {
    const { client, server, losses, clock } = await stage({ protocolVersion: 4, session: { clientId: "dash-1" } });
    for (let i = 0; i < 3; i++) {
      await clock.advance(1000);
      server.link.cut();
      await clock.advance(4000);
    }
    expect(losses.map(({ code }) => code)).toEqual(["CONNECTION_LOST", "CONNECTION_LOST", "TAKEOVER"]);
    expect(client.status).toMatchObject({ state: "failed", failure: { code: "TAKEOVER" } });
    expect(losses[2]?.error.message).toContain("dash-1");
    await expect(client.publish("a", "b", { qos: 1 })).rejects.toMatchObject({ code: "TAKEOVER" });
    expect(clock.pending).toBe(0);
  });

  test.each([
    ["on 5.0, whose servers say so", { protocolVersion: 5 }],
    ["where the application chose its delays", { protocolVersion: 4, reconnect: { baseDelayMs: 20 } }],
    ["where it is turned off", { protocolVersion: 4, reconnect: { maximumTakeovers: 0 } }],
  ] as const)("is not guessed %s", async (_name, options) => {
    const { client, losses } = await lives(options);
    expect(losses).toHaveLength(12);
    expect(losses.every(({ code, retryInMs }) => code !== "TAKEOVER" && retryInMs !== undefined)).toBe(true);
    expect(losses.at(-1)?.hints.join()).toContain("identifier");
    await client.close();
  });

  test("is not guessed from a line that is cut, nor while the server owes an answer", async () => {
    const cut = await lives({ protocolVersion: 4 }, (i) => (i % 2 === 0 ? undefined : reset()));
    expect(cut.client.status.state).toBe("online");
    const busy = await stage({ protocolVersion: 4 }, (it) => {
      it.script = (packet) => packet.type === PUBLISH;
    });
    busy.client.publish("t", "x", { qos: 1 });
    for (let i = 0; i < 12; i++) {
      await turn();
      busy.server.link.cut();
      busy.client.reconnect();
    }
    await turn();
    expect(busy.client.status.state).toBe("online");
    await Promise.all([cut.client.abort(), busy.client.abort()]);
  });

  test("by a lower protocol version's other client is noticed although the delays grow", async () => {
    // Both come back by the same rules, each taking over from the other.
    const { client, server, losses, clock } = await stage({ protocolVersion: 4 });
    for (let i = 0; i < 4 && client.status.state !== "failed"; i++) {
      await clock.advance((losses.at(-1)?.retryInMs ?? 40_000) + 1);
      server.link.cut();
      await clock.advance(losses.at(-1)?.retryInMs ?? 0);
    }
    expect(client.status).toMatchObject({ state: "failed", failure: { code: "TAKEOVER" } });
  });
});

describe("keep alive", () => {
  test("pings before it is over, and a server that does not answer is found within 1.5 times", async () => {
    const { server, clock, losses } = await stage({ keepAlive: 10 });
    await clock.advance(9100);
    expect(server.link.of(PINGREQ)).toHaveLength(1);
    server.answers = false;
    await clock.advance(15_000);
    expect(losses[0]).toMatchObject({ code: "PING_TIMEOUT", stage: "session" });
    expect(server.links[0]?.ending).toBe("destroy");
  });

  test("takes any packet as life", async () => {
    const { server, clock, losses } = await stage({ keepAlive: 10 });
    server.script = (packet) => packet.type === PINGREQ;
    for (let i = 0; i < 20; i++) {
      await clock.advance(4000);
      server.link.send(message("t", "x"));
    }
    expect(losses).toEqual([]);
  });

  test("is the server's where it says one", async () => {
    const { server, clock } = await stage({ keepAlive: 100 }, (it) => {
      it.connack = { serverKeepAlive: 10 };
    });
    await clock.advance(9100);
    expect(server.link.of(PINGREQ)).toHaveLength(1);
  });
});

describe("a server that breaks the protocol", () => {
  test.each([
    ["malformed", Uint8Array.of(0x30, 2, 0, 5), "MALFORMED_PACKET", 0x81],
    ["a packet of clients", Uint8Array.of(0xc0, 0), "PROTOCOL_ERROR", 0x82],
    ["an unknown alias", Uint8Array.of(0x30, 6, 0, 0, 3, 0x23, 0, 1), "PROTOCOL_ERROR", 0x82],
    ["a second CONNACK", Uint8Array.of(0x20, 3, 0, 0, 0), "PROTOCOL_ERROR", 0x82],
    ["SUBACK for nothing", Uint8Array.of(0x90, 4, 0, 9, 0, 0), "PROTOCOL_ERROR", 0x82],
  ])("%s is told so and left", async (_name, bytes, code, reasonCode) => {
    const { server, losses } = await stage();
    const { link } = server;
    link.sendBytes(bytes);
    await turn();
    expect(losses[0]).toMatchObject({ code, reasonCode });
    expect(link.of(DISCONNECT)).toMatchObject([{ reasonCode }]);
    expect(link.isClosed).toBe(true);
  });
});

describe("ending", () => {
  test("close sends what is left, then DISCONNECT, and leaves nothing", async () => {
    const { client, server, clock, states } = await stage();
    const last = client.publish("t", "last", { qos: 2 });
    const closed = client.close();
    expect(client.close()).toBe(closed);
    await closed;
    await last;
    expect(server.link.received.at(-1)).toMatchObject({
      type: DISCONNECT,
      reasonCode: 0,
      properties: { sessionExpiryInterval: 0 },
    });
    expect(server.link.ending).toBe("end");
    expect(states.at(-1)).toBe("closed");
    expect(clock.pending).toBe(0);
    await expect(client.publish("t", "x")).rejects.toMatchObject({ code: "CLIENT_CLOSED" });
  });

  test("leaving the block of `await using` closes a subscription and a client", async () => {
    const { client, server } = await stage();
    {
      await using _ended = client;
      await using subscription = client.subscribe("a");
      await subscription.ready;
    }
    expect(server.link.received.slice(-2).map(({ type }) => type)).toEqual([UNSUBSCRIBE, DISCONNECT]);
    expect(client.status.state).toBe("closed");
  });

  test("close keeps a session that was asked for", async () => {
    const { client, server } = await stage({ session: { clientId: "c", expiryInterval: 60 } });
    await client.close();
    expect(server.link.of(DISCONNECT)).toEqual([{ type: DISCONNECT, reasonCode: 0 }]);
    expect(server.connects[0]).toMatchObject({ cleanStart: false, properties: { sessionExpiryInterval: 60 } });
  });

  test("close with a silent server takes the drain time and tells every publication", async () => {
    const { client, clock } = await stage({}, (it) => {
      it.script = (packet) => packet.type === PUBLISH;
    });
    const open = client.publish("t", "x", { qos: 1 });
    let isClosed = false;
    const closed = client.close().then(() => {
      isClosed = true;
    });
    const rejected = rejection(open);
    await clock.advance(4999);
    expect(isClosed).toBe(false);
    await clock.advance(1);
    await closed;
    expect(await rejected).toMatchObject({ code: "CLIENT_CLOSED" });
    expect(clock.pending).toBe(0);
  });

  test.each(["close", "abort"] as const)("%s before CONNACK sends nothing more and leaves nothing", async (how) => {
    const { client, server, clock } = await stage({}, (it) => {
      it.answers = false;
    });
    const { link } = server;
    await client[how]();
    link.send({ type: CONNACK, sessionPresent: false, reasonCode: 0 });
    await clock.advance(60_000);
    expect(link.received.map(({ type }) => type)).toEqual([PacketType.CONNECT]);
    expect(link.isClosed).toBe(true);
    expect([client.status.state, clock.pending, server.links.length]).toEqual(["closed", 0, 1]);
  });

  test.each(["close", "abort"] as const)("%s while waiting settles at once", async (how) => {
    const { client, clock, server } = await stage({}, (it) => {
      it.reachable = new Error("away");
    });
    const queued = client.publish("t", "x", { qos: 1 });
    const rejected = rejection(queued);
    await client[how]();
    expect(await rejected).toMatchObject({ code: "CLIENT_CLOSED" });
    await clock.advance(60_000);
    expect([server.links.length, clock.pending]).toEqual([1, 0]);
  });

  test("abort cuts without DISCONNECT", async () => {
    const { client, server } = await stage();
    await client.abort();
    expect(server.link.of(DISCONNECT)).toEqual([]);
    expect(server.link.ending).toBe("destroy");
  });

  test("close leaves no timer when the connection is lost while it drains", async () => {
    const { client, clock, server } = await stage({}, (it) => {
      it.script = (packet) => packet.type === PUBLISH;
    });
    const open = rejection(client.publish("t", "x", { qos: 1 }));
    const closed = client.close();
    server.link.cut();
    await closed;
    expect(await open).toMatchObject({ code: "CLIENT_CLOSED" });
    expect(clock.pending).toBe(0);
  });

  test.each(["close", "abort"] as const)(
    "%s while the credentials are asked for aborts their signal and leaves no timer",
    async (how) => {
      const signals: AbortSignal[] = [];
      const { client, clock } = await stage({
        credentials: ({ signal }) => {
          signals.push(signal);
          return new Promise(() => undefined);
        },
      });
      await client[how]();
      await turn();
      expect(signals[0]?.aborted).toBe(true);
      expect(clock.pending).toBe(0);
    },
  );

  test("a signal that outlives its subscriptions keeps nothing of them", async () => {
    const { client } = await stage();
    const { signal } = new AbortController();
    const added = vi.spyOn(signal, "addEventListener");
    const removed = vi.spyOn(signal, "removeEventListener");
    for (let i = 0; i < 10; i++) await client.subscribe("a", { signal }).close();
    expect(removed.mock.calls.length).toBe(added.mock.calls.length);
    await client.abort();
  });

  test("abort while closing ends the drain", async () => {
    const { client, clock } = await stage({}, (it) => {
      it.script = (packet) => packet.type === PUBLISH;
    });
    client.publish("t", "x", { qos: 1 });
    const closed = client.close();
    await client.abort();
    await closed;
    expect(clock.pending).toBe(0);
  });

  test("a socket that does not close is waited for 500 ms", async () => {
    const { client, server, clock } = await stage();
    server.link.cut = () => undefined;
    let isClosed = false;
    void client.close().then(() => {
      isClosed = true;
    });
    await clock.advance(499);
    expect(isClosed).toBe(false);
    await clock.advance(1);
    expect(isClosed).toBe(true);
  });

  test("a listener that puts itself on again hears of the next event, and not of this one without end", async () => {
    const heard: string[] = [];
    const { client } = await stage();
    const listen = (): void => {
      client.once("status", ({ state }) => {
        if (heard.push(state) < 100) listen();
      });
    };
    listen();
    await client.close();
    expect(heard).toEqual(["closed"]);
  });

  test("a listener may end the client from any event", async () => {
    for (const name of ["status", "attemptFailed"] as const) {
      const { client, clock, server } = await stage({}, (it) => {
        it.reachable = new Error("away");
      });
      client.on(name, () => void client.abort());
      client.reconnect();
      await clock.advance(10_000);
      expect(client.status.state).toBe("closed");
      expect(clock.pending).toBe(0);
      expect(server.links.every((link) => link.isClosed)).toBe(true);
    }
  });
});
