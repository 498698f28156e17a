import { createServer, type Server } from "node:http";
import { MqttError } from "@bowline/protocol";
import { bind, type Bound } from "../../listeners/bind.ts";
import type { TcpListenUrl } from "../../listeners/listen-url.ts";

const PATH = "/.well-known/acme-challenge/";
/** The authority asks from a handful of places; everybody else has nothing to get here. */
const CONNECTIONS_MAX = 64;
const REQUEST_MS_MAX = 10_000;

/** The HTTP listener that answers http-01 challenges, open while an order is under way and no longer. */
export class ChallengeListener {
  readonly #texts = new Map<string, string>();
  readonly #http: Server;
  #bound: Bound = { servers: [], port: 0 };

  private constructor() {
    this.#http = createServer(
      { headersTimeout: REQUEST_MS_MAX, requestTimeout: REQUEST_MS_MAX },
      ({ method, url = "" }, response) => {
        const text = url.startsWith(PATH) ? this.#texts.get(url.slice(PATH.length)) : undefined;
        const isFound = text !== undefined && (method === "GET" || method === "HEAD");
        response.writeHead(isFound ? 200 : 404, { "content-type": "text/plain; charset=utf-8", connection: "close" });
        response.end(isFound ? text : "This port answers the challenges of a certificate authority, and nothing else.\n");
      },
    );
  }

  /** @throws MqttError PORT_IN_USE, PORT_FORBIDDEN, LISTEN_FAILED */
  static async open(url: TcpListenUrl): Promise<ChallengeListener> {
    const listener = new ChallengeListener();
    // Node starts to watch for slow requests when a server begins to listen, which this one never does.
    listener.#http.emit("listening");
    try {
      listener.#bound = await bind(url, (socket) => listener.#http.emit("connection", socket));
    } catch (error) {
      if (!MqttError.is(error)) throw error;
      throw new MqttError(error.code, { detail: `port ${url.port} of tls.acme.listen`, cause: error.cause });
    }
    for (const server of listener.#bound.servers) server.maxConnections = CONNECTIONS_MAX;
    return listener;
  }

  get port(): number {
    return this.#bound.port;
  }

  publish(token: string, text: string): void {
    this.#texts.set(token, text);
  }

  close(): void {
    for (const server of this.#bound.servers) server.close();
    this.#http.close(() => {});
    this.#http.closeAllConnections();
  }
}
