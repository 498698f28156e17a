import * as http from "node:http";
import * as https from "node:https";
import type { Socket } from "node:net";
import { TestServer } from "./test-server.ts";

/** What a test wants of the proxy. */
export interface HttpProxyBehaviour {
  /** "user:password"; none is asked for without. */
  readonly credentials?: string;
  /** Status in place of a tunnel. */
  readonly status?: number;
  readonly fault?: "hang" | "close";
  /** Speaks TLS itself. */
  readonly tls?: { readonly cert: string; readonly key: string };
}

/** An HTTP proxy for CONNECT. */
export class HttpProxyServer extends TestServer {
  /** Authorities that were asked for. */
  readonly asked: string[] = [];
  private readonly behaviour: HttpProxyBehaviour;

  private constructor(behaviour: HttpProxyBehaviour) {
    const { tls } = behaviour;
    super(tls === undefined ? http.createServer() : https.createServer(tls));
    this.behaviour = behaviour;
    this.server.on("connect", (request: http.IncomingMessage, socket: Socket) => this.tunnel(request, socket));
  }

  static async start(behaviour: HttpProxyBehaviour = {}): Promise<HttpProxyServer> {
    const one = new HttpProxyServer(behaviour);
    await one.listen();
    return one;
  }

  private tunnel(request: http.IncomingMessage, socket: Socket): void {
    const { credentials, status, fault } = this.behaviour;
    const authority = request.url ?? "";
    this.asked.push(authority);
    socket.on("error", () => undefined);
    const wanted = credentials === undefined ? undefined : `Basic ${Buffer.from(credentials).toString("base64")}`;
    if (fault === "close") socket.destroy();
    else if (fault === "hang") socket.resume().once("end", () => socket.destroy());
    else if (wanted !== undefined && request.headers["proxy-authorization"] !== wanted) {
      answer(socket, 407, "Proxy-Authenticate: Basic\r\n");
    } else if (status !== undefined) answer(socket, status);
    else {
      const [, host = "", port = ""] = /^\[?([^\]]*?)\]?:(\d+)$/.exec(authority) ?? [];
      this.relay(socket, host, Number(port), (error) =>
        error === undefined ? socket.write("HTTP/1.1 200 Connection established\r\n\r\n") : answer(socket, 502),
      );
    }
  }
}

function answer(socket: Socket, status: number, headers = ""): void {
  socket.end(`HTTP/1.1 ${status} ${http.STATUS_CODES[status]}\r\n${headers}Content-Length: 0\r\n\r\n`);
}
