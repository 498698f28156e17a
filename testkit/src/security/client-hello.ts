import { Duplex } from "node:stream";
import { connect, type ConnectionOptions } from "node:tls";

/** The bytes that a TLS client of Node begins with. */
export function clientHello(options: ConnectionOptions = {}): Promise<Buffer> {
  return new Promise((resolve) => {
    const wire = new Duplex({
      read: () => undefined,
      write: (bytes: Buffer, _encoding, done) => {
        resolve(bytes);
        done();
      },
    });
    connect({ socket: wire, servername: "localhost", ...options }).on("error", () => undefined);
  });
}
