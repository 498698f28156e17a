import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach } from "vitest";

/** What answers a request. */
export type HookHandler = (request: IncomingMessage, body: string, response: ServerResponse) => void;

/** A webhook on the loopback that does what each test says. */
export class HookServer {
  handle: HookHandler = HookServer.json({ result: "ignore" });
  url = "";
  #server: Server | undefined;

  /** For the tests of one file. */
  static forEach(): HookServer {
    const server = new HookServer();
    beforeEach(() => server.start());
    afterEach(() => server.stop());
    return server;
  }

  static json(value: unknown, status = 200): HookHandler {
    return (_request, _body, response) => {
      response.writeHead(status, { "content-type": "application/json; charset=utf-8" }).end(JSON.stringify(value));
    };
  }

  async start(): Promise<void> {
    const server = createServer((request, response) => {
      let body = "";
      request.setEncoding("utf8").on("data", (part: string) => (body += part));
      request.on("end", () => this.handle(request, body, response));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
  }

  /** Nobody is there any more. */
  async stop(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}
