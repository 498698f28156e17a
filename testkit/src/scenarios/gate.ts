import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** One connection of a client, as the gate saw it; times are of `performance.now`. */
export interface GateConnection {
  readonly client: Socket;
  readonly openedAt: number;
  /** First bytes from the broker. */
  answeredAt: number | undefined;
  /** Bytes that the client sent. */
  sent: number;
  /** The client's end of the stream or a reset came. */
  closedAt: number | undefined;
}

/**
 * A TCP proxy in front of a broker, which can cut, refuse, hold and swallow.
 *
 * - `pass` hands everything on;
 * - `hold` takes connections, and hands nothing on before it passes again;
 * - `swallow` is a network that is gone: no byte and no end goes through, either way;
 * - `shut` closes at the first bytes of a client, in place of an answer.
 */
export class Gate {
  readonly connections: GateConnection[] = [];
  private mode: "pass" | "hold" | "swallow" | "shut" = "pass";
  private readonly server: Server;
  private readonly target: URL;
  private readonly sockets = new Set<Socket>();
  /** What `hold` has kept. */
  private held: (() => void)[] = [];
  private port = 0;

  private constructor(target: string) {
    this.target = new URL(target);
    this.server = createServer({ noDelay: true, allowHalfOpen: true }, (client) => this.take(client));
  }

  static async before(target: string): Promise<Gate> {
    const gate = new Gate(target);
    await gate.listen();
    return gate;
  }

  get url(): string {
    const { protocol, pathname } = this.target;
    return `${protocol}//localhost:${this.port}${pathname === "/" ? "" : pathname}`;
  }

  /** Connections that the client has not let go. */
  get open(): GateConnection[] {
    return this.connections.filter(({ closedAt }) => closedAt === undefined);
  }

  is(mode: "pass" | "hold" | "swallow" | "shut"): void {
    this.mode = mode;
    if (mode === "pass") for (const hand of this.held.splice(0)) hand();
  }

  /** On the same port as before. */
  async listen(): Promise<void> {
    this.server.listen(this.port, "localhost");
    await once(this.server, "listening");
    this.port = (this.server.address() as AddressInfo).port;
  }

  cut(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  /** Nobody listens any more: what connects is refused. */
  async close(): Promise<void> {
    if (!this.server.listening) return;
    this.server.close();
    this.cut();
    await once(this.server, "close");
  }

  private take(client: Socket): void {
    const one: GateConnection = { client, openedAt: performance.now(), answeredAt: undefined, sent: 0, closedAt: undefined };
    this.connections.push(one);
    const broker = connect({ host: this.target.hostname, port: Number(this.target.port), noDelay: true, allowHalfOpen: true });
    for (const [from, to] of [
      [client, broker],
      [broker, client],
    ] as const) {
      this.sockets.add(from);
      from.on("error", () => undefined);
      from.on("data", (chunk: Buffer) => this.moved(one, from, to, chunk));
      from.on("end", () => {
        if (from === client) one.closedAt ??= performance.now();
        this.hand(() => to.end());
        // The other way needs no end of its own: nobody reads on.
        if (from === client && this.mode !== "pass") client.destroy();
      });
      from.on("close", () => {
        this.sockets.delete(from);
        if (from === client) one.closedAt ??= performance.now();
        this.hand(() => to.destroy());
      });
    }
  }

  private moved(one: GateConnection, from: Socket, to: Socket, chunk: Buffer): void {
    if (from === one.client) {
      one.sent += chunk.length;
      if (this.mode === "shut") from.destroy();
    } else one.answeredAt ??= performance.now();
    this.hand(() => to.write(chunk));
  }

  private hand(over: () => void): void {
    if (this.mode === "pass") over();
    else if (this.mode === "hold") this.held.push(over);
  }
}
