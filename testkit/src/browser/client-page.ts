import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { basename } from "node:path";
import type { Client, connect } from "@bowline/client";
import { ChromiumPage, type ChromiumPageOptions } from "./chromium-page.ts";

const packages = new URL("../../../packages/", import.meta.url);

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

const DROP_IN_PAGE = `<!doctype html><title>drop-in</title><link rel="icon" href="data:,"><script src="/browser.min.js"></script>`;

/** Serves that page and the built client; `policy` is its content security policy. */
export function servePage(policy?: string): Promise<Server> {
  return serve(PAGE, "client", policy);
}

/** Serves a page with the script of the drop-in, whose name is `mqtt`. */
export function serveDropInPage(): Promise<Server> {
  return serve(DROP_IN_PAGE, "mqttjs");
}

async function serve(page: string, packageName: string, policy?: string): Promise<Server> {
  const folder = new URL(`${packageName}/dist/`, packages);
  const server = createServer((request, response) => {
    const name = basename(request.url ?? "");
    if (policy !== undefined) response.setHeader("content-security-policy", policy);
    if (name === "") response.setHeader("content-type", "text/html").end(page);
    else {
      readFile(new URL(name, folder)).then(
        (script) => response.setHeader("content-type", "text/javascript").end(script),
        () => response.writeHead(404).end(),
      );
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "localhost", resolve));
  return server;
}
