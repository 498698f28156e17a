import * as net from "node:net";
import * as tls from "node:tls";
import { TestServer } from "../proxy/test-server.ts";

/** How a name that is nobody's is refused: by an alert that says so, or by closing once the handshake is done. */
export type NameRefusal = "alert" | "close";

const UNRECOGNIZED_NAME: Uint8Array = Uint8Array.of(0x15, 3, 3, 0, 2, 2, 112);

/** A TLS port of two tenants, told apart by the server name alone. */
export class TenantsServer extends TestServer {
  /** Server names that were asked for; empty where none was. */
  readonly names: string[] = [];

  private constructor(refusal: NameRefusal, secure: tls.Server) {
    super(net.createServer());
    this.server.on("connection", (socket: net.Socket) => {
      socket.once("data", (hello) => {
        const name = /tenant-[ab]\.localhost/.exec(hello.toString("latin1"))?.[0] ?? "";
        this.names.push(name);
        if (refusal === "alert" && name === "") {
          socket.end(UNRECOGNIZED_NAME);
          return;
        }
        socket.pause();
        socket.unshift(hello);
        secure.emit("connection", socket);
      });
    });
  }

  /** `serve` is given the sockets of both tenants. */
  static async start(
    refusal: NameRefusal,
    material: { readonly cert: string; readonly key: string },
    serve: (socket: tls.TLSSocket) => void,
  ): Promise<TenantsServer> {
    const secure = tls.createServer(material, (socket) => {
      socket.on("error", () => undefined);
      if (/^tenant-[ab]\.localhost$/.test(String(socket.servername))) serve(socket);
      else socket.end();
    });
    secure.on("tlsClientError", () => undefined);
    const one = new TenantsServer(refusal, secure);
    await one.listen();
    return one;
  }
}
