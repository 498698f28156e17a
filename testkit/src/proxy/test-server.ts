import * as net from "node:net";

/** A server on a free port of the loopback that ends with all its connections. */
export class TestServer {
  readonly server: net.Server;
  port = 0;
  /** Connections that were ever taken. */
  taken = 0;
  private readonly sockets = new Set<net.Socket>();
  private readonly waits = new Set<{ readonly isSo: () => boolean; readonly resolve: () => void }>();

  constructor(server: net.Server) {
    this.server = server;
    server.on("connection", (socket: net.Socket) => {
      this.taken++;
      this.keep(socket);
    });
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    this.port = (this.server.address() as net.AddressInfo).port;
  }

  /** Cuts every connection. */
  cut(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  /** Resolves when no socket is open, on either side of a relay. */
  emptied(): Promise<void> {
    return this.until(() => this.sockets.size === 0);
  }

  /** Resolves when one is open. */
  awaitConnection(): Promise<void> {
    return this.until(() => this.sockets.size > 0);
  }

  async stop(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.server.close(resolve));
  }

  /** Joins a client's socket to a new one to `host:port`. */
  relay(socket: net.Socket, host: string, port: number, connected: (error: Error | undefined) => void): void {
    // Names of the test's own are this machine.
    const onward = net.connect({ host: net.isIP(host) === 0 ? "127.0.0.1" : host, port });
    this.keep(onward);
    onward.once("error", (error) => {
      connected(error);
      socket.end();
    });
    onward.once("connect", () => {
      connected(undefined);
      socket.pipe(onward).pipe(socket);
      socket.once("close", () => onward.destroy());
      onward.once("close", () => socket.destroy());
    });
  }

  private keep(socket: net.Socket): void {
    this.sockets.add(socket);
    this.look();
    socket.on("error", () => undefined);
    socket.once("close", () => {
      this.sockets.delete(socket);
      this.look();
    });
  }

  private until(isSo: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const wait = { isSo, resolve };
      this.waits.add(wait);
      this.look();
    });
  }

  private look(): void {
    for (const wait of this.waits) {
      if (!wait.isSo()) continue;
      this.waits.delete(wait);
      wait.resolve();
    }
  }
}
