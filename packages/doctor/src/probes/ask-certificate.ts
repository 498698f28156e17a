import { Duplex } from "node:stream";
import { connect } from "node:tls";
import type { Socket } from "node:net";
import { orLate } from "./or-late.ts";

const recordedMax = 65_536;
const handshakeRecord = 22;
const certificateRequest = 13;

/**
 * Whether a server asks for a client certificate, which Node does not tell. In TLS 1.2 the request is readable on the wire: the
 * handshake goes through a stream that keeps what the server sends.
 */
export async function asksForCertificate(
  socket: Socket,
  host: string,
  serverName: string | undefined,
  ms: number,
): Promise<boolean> {
  let received: Buffer = Buffer.alloc(0);
  const tap = new Duplex({
    read: () => socket.resume(),
    write: (chunk: Buffer, _encoding, done) => void socket.write(chunk, () => done()),
  });
  socket.on("data", (chunk: Buffer) => {
    if (received.length < recordedMax) received = Buffer.concat([received, chunk]);
    tap.push(chunk);
  });
  socket.once("close", () => tap.push(null));
  tap.on("error", () => undefined);
  const name = serverName === undefined ? {} : { servername: serverName };
  const secure = connect({ socket: tap, host, ...name, maxVersion: "TLSv1.2", rejectUnauthorized: false });
  const settled = new Promise<true>((resolve) => {
    secure.once("secureConnect", () => resolve(true)).once("error", () => resolve(true));
    socket.once("close", () => resolve(true));
  });
  await orLate(settled, ms);
  secure.destroy();
  socket.destroy();
  return handshakeTypes(received).includes(certificateRequest);
}

/** The types of the handshake messages in a stream of records, as far as they are not encrypted. */
function handshakeTypes(records: Buffer): readonly number[] {
  const parts: Buffer[] = [];
  for (let at = 0; at + 5 <= records.length && records[at] === handshakeRecord; at += 5 + records.readUInt16BE(at + 3)) {
    parts.push(records.subarray(at + 5, at + 5 + records.readUInt16BE(at + 3)));
  }
  const messages = Buffer.concat(parts);
  const types: number[] = [];
  for (let at = 0; at + 4 <= messages.length; at += 4 + messages.readUIntBE(at + 1, 3)) types.push(messages[at] ?? 0);
  return types;
}
