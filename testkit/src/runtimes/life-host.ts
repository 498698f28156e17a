import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { basename } from "node:path";

/** How the client of a page is made. */
export interface LifeOrder {
  readonly url: string;
  readonly hasWill?: boolean;
  readonly onPageHide?: "disconnect" | "will";
  /** The application ends its client itself when the page goes, at that event. */
  readonly closesAt?: "pagehide" | "beforeunload";
}

/** What a page tells of itself. */
export interface LifeEvent {
  /** `online`, or `back` from the browser's cache of pages. */
  readonly name: "online" | "back";
  readonly at: number;
}

const bundle = new URL("../../../packages/client/dist/", import.meta.url);

/**
 * Every page waits for the one thing it is to do next: no request is under way when it goes, and so it may be kept. Before it is loaded
 * it would be replaced in the history, and not left.
 */
const OBEY = `
const obey = async () => {
  const order = await (await fetch("/next")).text();
  if (order === "back") history.back(); else location.href = order;
};
addEventListener("load", () => setTimeout(obey));
const tell = (name) => fetch("/told", { method: "POST", body: name });`;

const CLIENT = `<!doctype html><title>client</title><link rel="icon" href="data:,"><script type="module">
import { connect } from "./browser.min.js";
${OBEY}
const { url, hasWill, onPageHide, closesAt } = JSON.parse(decodeURIComponent(location.search.slice(1)));
const client = connect(url, { ...(hasWill && { will: { topicName: "gone" } }), ...(onPageHide && { onPageHide }) });
client.on("status", ({ state }) => { if (state === "online") tell("online"); });
if (closesAt) addEventListener(closesAt, () => client.close());
addEventListener("pageshow", ({ persisted }) => { if (persisted) { tell("back"); obey(); } });
</script>`;
const OTHER = `<!doctype html><title>elsewhere</title><link rel="icon" href="data:,"><script>${OBEY}</script>`;

/** Leads a browser without remote control from page to page, as a user does: each page asks what comes next. */
export class LifeHost {
  readonly url: string;
  /** What pages have told. */
  readonly events: LifeEvent[] = [];
  private readonly server: Server;
  private readonly orders: string[] = [];
  private waiting: ServerResponse | undefined;

  private constructor(server: Server) {
    this.server = server;
    this.url = `http://localhost:${(server.address() as AddressInfo).port}/elsewhere`;
    server.on("request", (request: IncomingMessage, response: ServerResponse) => void this.answer(request, response));
  }

  static async open(): Promise<LifeHost> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "localhost", resolve));
    return new LifeHost(server);
  }

  /** Whichever page is shown opens one with a client. */
  openClient(order: LifeOrder): void {
    this.send(`/client?${encodeURIComponent(JSON.stringify(order))}`);
  }

  goElsewhere(): void {
    this.send("/elsewhere");
  }

  goBack(): void {
    this.send("back");
  }

  close(): void {
    this.server.close();
    this.server.closeAllConnections();
  }

  private send(order: string): void {
    this.orders.push(order);
    this.offer();
  }

  private offer(): void {
    if (this.waiting === undefined || this.orders.length === 0) return;
    this.waiting.end(this.orders.shift());
    this.waiting = undefined;
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const name = basename((request.url ?? "").split("?")[0]!);
    if (name === "client" || name === "elsewhere") {
      response.setHeader("content-type", "text/html").end(name === "client" ? CLIENT : OTHER);
    } else if (name === "next") {
      this.waiting = response;
      this.offer();
    } else if (name === "told") {
      let told = "";
      for await (const chunk of request) told += String(chunk);
      this.events.push({ name: told as LifeEvent["name"], at: Date.now() });
      response.end();
    } else {
      const script = await readFile(new URL(name, bundle)).catch(() => undefined);
      if (script === undefined) response.writeHead(404).end();
      else response.setHeader("content-type", "text/javascript").end(script);
    }
  }
}
