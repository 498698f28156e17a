import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { basename } from "node:path";
import type { Client, connect } from "@bowline/client";
import { ChromiumPage, type ChromiumPageOptions } from "./chromium-page.ts";

const bundleFolder = new URL("../../../packages/client/dist/", import.meta.url);

/** What scripts of tests find in the page. */
export interface PageGlobals {
  bowline: { connect: typeof connect };
  /** Every WebSocket the page made, in order. */
  sockets: WebSocket[];
  client: Client;
}

/**
 * Opens a page that has loaded the built client, as an application's page would. Its origin is `http://localhost`, which browsers
 * take for a secure context. Needs the bundle (`npm run build`).
 */
export async function openClientPage(options: ChromiumPageOptions = {}): Promise<ChromiumPage> {
  const server = await servePage();
  const { port } = server.address() as AddressInfo;
  try {
    const opened = await ChromiumPage.open(options);
    opened.page.on("close", () => server.close());
    await opened.page.addInitScript(watchSockets);
    await opened.page.goto(`http://localhost:${port}/`);
    await opened.page.waitForFunction("globalThis.bowline !== undefined");
    return opened;
  } catch (error) {
    server.close();
    throw error;
  }
}

/** Runs in the page, before its scripts. */
function watchSockets(): void {
  const scope = globalThis as unknown as PageGlobals & { WebSocket: typeof WebSocket };
  const sockets: WebSocket[] = [];
  scope.sockets = sockets;
  scope.WebSocket = class extends scope.WebSocket {
    constructor(url: string | URL, protocols?: string | string[]) {
      super(url, protocols);
      sockets.push(this);
    }
  };
}

const PAGE = `<!doctype html><title>client</title><link rel="icon" href="data:,">
<script type="module">import * as bowline from "/browser.min.js"; globalThis.bowline = bowline;</script>`;

/** Serves that page and the built client; `policy` is its content security policy. */
export async function servePage(policy?: string): Promise<Server> {
  const server = createServer((request, response) => {
    const name = basename(request.url ?? "");
    if (policy !== undefined) response.setHeader("content-security-policy", policy);
    if (name === "") response.setHeader("content-type", "text/html").end(PAGE);
    else {
      readFile(new URL(name, bundleFolder)).then(
        (script) => response.setHeader("content-type", "text/javascript").end(script),
        () => response.writeHead(404).end(),
      );
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "localhost", resolve));
  return server;
}
