import { createHash } from "node:crypto";
import { type IncomingMessage, STATUS_CODES } from "node:http";
import type { Socket } from "node:net";

const headers: Readonly<Record<number, string>> = {
  301: "Location: wss://elsewhere.example/mqtt\r\n",
  302: "Location: https://login.example/\r\n",
  307: "Location: wss://elsewhere.example/mqtt\r\n",
  308: "Location: wss://elsewhere.example/mqtt\r\n",
  401: "WWW-Authenticate: Bearer\r\n",
  407: "Proxy-Authenticate: Basic\r\n",
  426: "Upgrade: websocket\r\n",
  429: "Retry-After: 5\r\n",
};

/** Answers an upgrade with the fault its path names; false for a path that names none. */
export function serveHttp(request: IncomingMessage, socket: Socket): boolean {
  const path = (request.url ?? "").replace(/\?.*/, "");
  const status = Number(/^\/status\/(\d{3})$/.exec(path)?.[1] ?? (request.url?.includes("denied=1") === true ? 403 : 0));
  if (status > 0) return answerUpgrade(socket, status);
  if (path === "/origin" && request.headers.origin !== undefined) return answerUpgrade(socket, 403);
  if (path === "/silent") return true;
  const faults: Readonly<Record<string, () => void>> = {
    "/no-subprotocol": () => accept(request, socket),
    "/chat": () => accept(request, socket, "chat"),
    "/needs-offer": () => (request.headers["sec-websocket-protocol"] === undefined ? accept(request, socket) : undefined),
    "/mute": () => accept(request, socket, "mqtt"),
    "/text": () => accept(request, socket, "mqtt", frame(0x81, "hello")),
    "/close": () => accept(request, socket, "mqtt", frame(0x88, `${String.fromCharCode(0x03, 0xf0)}no token`), true),
    "/reserved": () => accept(request, socket, "mqtt", frame(0xc2, "hello"), true),
  };
  const fault = faults[path];
  if (fault === undefined || (path === "/needs-offer" && request.headers["sec-websocket-protocol"] !== undefined)) return false;
  fault();
  return true;
}

/** Answers with that status and what belongs to it. */
export function answerUpgrade(socket: Socket, status: number): true {
  const date = `Date: ${new Date().toUTCString()}\r\n`;
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${headers[status] ?? ""}${date}Content-Length: 0\r\n\r\n`);
  return true;
}

function accept(request: IncomingMessage, socket: Socket, subprotocol?: string, then?: Buffer, isLast = false): void {
  const key = `${request.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
  const lines = [
    "HTTP/1.1 101 Switching Protocols",
    "Upgrade: websocket",
    "Connection: Upgrade",
    `Sec-WebSocket-Accept: ${createHash("sha1").update(key).digest("base64")}`,
    ...(subprotocol === undefined ? [] : [`Sec-WebSocket-Protocol: ${subprotocol}`]),
  ];
  socket.write(`${lines.join("\r\n")}\r\n\r\n`);
  if (then !== undefined) socket.once("data", () => (isLast ? socket.end(then) : socket.write(then)));
  socket.resume();
}

const frame = (first: number, text: string): Buffer =>
  Buffer.concat([Buffer.from([first, text.length]), Buffer.from(text, "latin1")]);
