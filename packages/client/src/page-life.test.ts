import { PacketType } from "@bowline/protocol";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { platform } from "#platform";
import type { HostWatcher } from "./platform.ts";
import { stage } from "./testing/client-on-script.ts";
import { turn } from "./testing/virtual-clock.ts";

const { CONNECT, DISCONNECT, PINGREQ, PUBLISH } = PacketType;
const will = { topicName: "gone" };

let host: HostWatcher;
beforeEach(() => {
  vi.spyOn(platform, "watchHost").mockImplementation((watcher) => {
    host = watcher;
    return () => undefined;
  });
});
afterEach(() => vi.restoreAllMocks());

describe("a host that wakes up", () => {
  test("ends the wait for the next attempt", async () => {
    const { client, server, clock } = await stage({}, (it) => {
      it.reachable = new Error("away");
    });
    expect(client.status.state).toBe("waiting");
    server.reachable = true;
    host.wake();
    await turn();
    expect(client.status.state).toBe("online");
    await clock.advance(0);
  });

  test("asks a connection that was silent, takes no old deadline for its end, and comes back at once when it is dead", async () => {
    const { server, clock, losses } = await stage({ keepAlive: 50 });
    server.answers = false;
    await clock.advance(46_000);
    expect(server.link.of(PINGREQ)).toHaveLength(1);
    await clock.advance(20_000);
    host.wake();
    await clock.advance(4_900);
    expect(losses).toEqual([]);
    server.answers = true;
    const dead = server.link;
    await clock.advance(200);
    expect(dead.of(PINGREQ)).toHaveLength(2);
    expect(losses).toMatchObject([{ code: "PING_TIMEOUT", retryInMs: 0 }]);
    expect(server.connects).toHaveLength(2);
  });

  test("asks nothing of a connection that has just heard of its server", async () => {
    const { server, clock } = await stage();
    await clock.advance(4000);
    host.wake();
    await turn();
    expect(server.link.of(PINGREQ)).toEqual([]);
  });

  test("hurries only what is found dead soon after, so that a crowd cut much later does not come back at once", async () => {
    const { server, clock, losses } = await stage();
    host.wake();
    await clock.advance(20_000);
    server.link.cut();
    expect(losses).toMatchObject([{ retryInMs: 1000 }]);
  });
});

describe("a page that is left", () => {
  test("[B5 page scripted] says goodbye in the same turn, keeps its session, and comes back with it", async () => {
    const { client, server } = await stage({}, (it) => {
      it.sessionPresent = true;
    });
    const { link } = server;
    host.hide("kept");
    expect(client.status.state).toBe("connecting");
    expect(link.writes).toBe(2);
    await turn();
    expect(link.of(DISCONNECT)).toMatchObject([{ reasonCode: 0 }]);
    expect(link.of(DISCONNECT)[0]?.properties?.sessionExpiryInterval).toBeUndefined();
    host.wake();
    await turn();
    expect(server.connects[1]).toMatchObject({ cleanStart: false });
    expect(client.status).toMatchObject({ state: "online", sessionPresent: true });
  });

  test("for good gives up a session of the client's own making", async () => {
    const { server } = await stage();
    host.hide("gone");
    await turn();
    expect(server.link.of(DISCONNECT)).toMatchObject([{ properties: { sessionExpiryInterval: 0 } }]);
  });

  test("[B4 page scripted] leaves the goodbye to the server's will where there is one, unless told otherwise", async () => {
    const silent = await stage({ will });
    host.hide("kept");
    await turn();
    expect(silent.server.link.of(DISCONNECT)).toEqual([]);
    expect(silent.server.link.ending).toBeUndefined();
    host.hide("frozen");
    expect(silent.server.link.ending).toBe("destroy");
    const frozen = await stage({ will });
    host.hide("frozen");
    expect(frozen.client.status.state).toBe("online");
    const polite = await stage({ will, onPageHide: "disconnect" });
    host.hide("gone");
    await turn();
    expect(polite.server.link.of(DISCONNECT)).toHaveLength(1);
  });

  test.each(["before", "after"])(
    "[B3 page scripted] has a client that is closed %s say goodbye in the same turn, whatever is unacknowledged",
    async (when) => {
      const { client, server } = await stage({ will }, (it) => {
        it.script = (packet) => packet.type === PUBLISH;
      });
      void client.publish("t", "x", { qos: 1 }).stored;
      await turn();
      const { link } = server;
      if (when === "before") void client.close();
      host.hide("gone");
      if (when === "after") void client.close();
      const { writes } = link;
      await turn();
      expect(link.writes).toBe(writes);
      expect(link.received.map(({ type }) => type)).toEqual([CONNECT, PUBLISH, DISCONNECT]);
    },
  );
});
