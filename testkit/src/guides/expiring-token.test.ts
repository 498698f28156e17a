import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Client } from "@bowline/client";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { LocalBroker } from "../proxy/local-broker.ts";
import { importExample, startExampleBroker, USER } from "./example-broker.ts";

let broker: LocalBroker;
beforeEach(async () => {
  broker = await startExampleBroker();
});
afterEach(async () => {
  vi.restoreAllMocks();
  await broker.stop();
});

test("the example asks for a token before each attempt and before one ends", async () => {
  const warned = vi.spyOn(console, "warn").mockImplementation(() => {});
  let asked = 0;
  const tokens = createServer((_request, response) => {
    asked++;
    if (asked === 1) response.writeHead(503).end();
    // The second ends soon, the third does not.
    else response.end(JSON.stringify({ ...token(), expiresAt: Date.now() + (asked === 2 ? 1500 : 3_600_000) }));
  });
  await new Promise<void>((resolve) => tokens.listen(0, "127.0.0.1", resolve));
  const example = await importExample<{ connectWithToken(url: string, tokenUrl: string): Client }>("expiring-token.js");
  const { port } = tokens.address() as AddressInfo;
  const client = example.connectWithToken(broker.url("ws"), `http://127.0.0.1:${port}/token`);
  try {
    await client.online();
    expect(warned.mock.calls.map(([code]) => code as string)).toEqual(["CREDENTIALS_FAILED"]);
    const renewed = new Promise<void>((resolve) => {
      client.on("status", ({ state }) => state === "online" && resolve());
    });
    await renewed;
    expect(asked).toBe(3);
  } finally {
    await client.abort();
    tokens.close();
    tokens.closeAllConnections();
  }
}, 20_000);

function token(): object {
  return { username: USER.username, token: USER.password };
}
