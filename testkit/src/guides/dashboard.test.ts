import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { type AddressInfo, connect as connectSocket } from "node:net";
import { basename, join } from "node:path";
import { connect } from "@bowline/client";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { LivingPage } from "../browser/living-page.ts";
import type { LocalBroker } from "../proxy/local-broker.ts";
import { missingPrograms } from "../system/missing-programs.ts";
import { startExampleBroker, USER } from "./example-broker.ts";

const root = join(import.meta.dirname, "../../..");
const missing = missingPrograms("chromium");

describe.skipIf(missing !== "")(`the dashboard of the guide, in Chromium${missing && ` (${missing})`}`, () => {
  let broker: LocalBroker;
  let server: Server;
  let page: LivingPage;

  beforeAll(async () => {
    broker = await startExampleBroker();
    server = await serve(broker);
    page = await LivingPage.open(`http://localhost:${(server.address() as AddressInfo).port}/`);
  });
  afterAll(async () => {
    await page?.close();
    server?.close();
    await broker?.stop();
  });

  test("shows readings, and where the connection stands", async () => {
    await page.until(() => document.getElementById("status")?.textContent === "online");
    const sensor = connect(broker.url("ws"), { credentials: USER });
    await sensor.publish("demo/kitchen/celsius", "21.4", { qos: 1, retain: true });
    await sensor.publish("demo/kitchen/celsius", "21.5", { qos: 1, retain: true });
    await page.until(() => document.querySelector("td:last-child")?.textContent === "21.5");
    expect(await page.evaluate(() => document.querySelectorAll("tr").length)).toBe(1);
    await sensor.close();
  });
});

/** What the page's own server does: the files, the token of who is logged in, and the way to the broker. */
async function serve(broker: LocalBroker): Promise<Server> {
  const types: Record<string, string> = { html: "text/html", js: "text/javascript" };
  const server = createServer((request, response) => {
    const path = request.url ?? "/";
    if (path === "/mqtt-token") {
      response.end(JSON.stringify({ ...USER, expiresAt: Date.now() + 3_600_000 }));
      return;
    }
    const name = basename(path) || "dashboard.html";
    const file = join(root, path.startsWith("/bowline/") ? "packages/client/dist" : "examples", name);
    readFile(file).then(
      (content) => response.setHeader("content-type", types[name.split(".").at(-1) ?? ""] ?? "").end(content),
      () => response.writeHead(404).end(),
    );
  });
  server.on("upgrade", (request, socket) => {
    const headers = request.rawHeaders.map((text, index) => (index % 2 === 0 ? `${text}: ` : `${text}\r\n`)).join("");
    const upstream = connectSocket(broker.port("ws"), "127.0.0.1", () => {
      upstream.write(`GET ${request.url} HTTP/1.1\r\n${headers}\r\n`);
      socket.pipe(upstream).pipe(socket);
    });
    for (const end of [socket, upstream]) end.on("error", () => {}).on("close", () => (socket.destroy(), upstream.destroy()));
  });
  await new Promise<void>((resolve) => server.listen(0, "localhost", resolve));
  return server;
}
