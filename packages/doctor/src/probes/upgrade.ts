import { randomBytes } from "node:crypto";
import type { HttpFacts } from "@bowline/protocol/internal";
import { httpStatusOf } from "@bowline/protocol/internal";
import type { Link } from "../wire/link.ts";

/** P5 and P6: the request for a WebSocket, and what became of it. */
export interface UpgradeRequest {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly subprotocols: readonly string[];
  readonly origin?: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
}

export interface UpgradeAnswer {
  /** Absent when the answer was no HTTP. */
  readonly http?: HttpFacts;
  /** The subprotocol of a 101; empty when it names none. */
  readonly chosen?: string;
  /** What came where HTTP was expected. */
  readonly firstBytes?: Buffer;
  readonly outcome: "open" | "refused" | "not-http" | "ended" | "late";
}

const headMax = 16_384;

export async function upgrade(link: Link, request: UpgradeRequest, ms: number): Promise<UpgradeAnswer> {
  link.write(textOf(request));
  const endsAt = performance.now() + ms;
  let received: Buffer = Buffer.alloc(0);
  for (;;) {
    const awaited = await link.wait(Math.max(1, endsAt - performance.now()));
    if (awaited === "data") received = Buffer.concat([received, link.take()]);
    if (received.length >= 5 && httpStatusOf(received) === undefined && !"HTTP/".startsWith(received.toString("latin1", 0, 5))) {
      return { outcome: "not-http", firstBytes: received.subarray(0, 64) };
    }
    const end = received.indexOf("\r\n\r\n");
    if (end >= 0 || received.length > headMax) return answerOf(link, received, end < 0 ? received.length : end);
    if (awaited === "data") continue;
    if (received.length > 0) return { outcome: "not-http", firstBytes: received.subarray(0, 64) };
    return { outcome: awaited === "late" ? "late" : "ended" };
  }
}

function textOf({ host, port, path, subprotocols, origin, headers }: UpgradeRequest): string {
  const lines = [
    `GET ${path === "" ? "/" : path} HTTP/1.1`,
    ...(Object.keys(headers).some((name) => name.toLowerCase() === "host") ? [] : [`Host: ${authorityOf(host, port)}`]),
    "Upgrade: websocket",
    "Connection: Upgrade",
    `Sec-WebSocket-Key: ${randomBytes(16).toString("base64")}`,
    "Sec-WebSocket-Version: 13",
    ...(subprotocols.length === 0 ? [] : [`Sec-WebSocket-Protocol: ${subprotocols.join(", ")}`]),
    ...(origin === undefined ? [] : [`Origin: ${origin}`]),
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ];
  return `${lines.join("\r\n")}\r\n\r\n`;
}

const authorityOf = (host: string, port: number): string => `${host.includes(":") ? `[${host}]` : host}:${port}`;

async function answerOf(link: Link, received: Buffer, end: number): Promise<UpgradeAnswer> {
  const headers = headersOf(received.toString("latin1", 0, end));
  const status = httpStatusOf(received) ?? 0;
  let body = received.subarray(end + 4);
  if (status === 101) {
    link.giveBack(body);
    return { outcome: "open", chosen: headers.get("sec-websocket-protocol") ?? "", http: { status } };
  }
  if (body.length === 0 && headers.get("content-length") !== "0" && (await link.wait(bodyMs)) === "data") body = link.take();
  return { outcome: "refused", http: httpFacts(status, headers, body) };
}

const bodyMs = 100;

function headersOf(head: string): ReadonlyMap<string, string> {
  const lines = head.split("\r\n").slice(1);
  return new Map(lines.map((line) => [line.split(":", 1)[0]?.toLowerCase() ?? "", line.slice(line.indexOf(":") + 1).trim()]));
}

function httpFacts(status: number, headers: ReadonlyMap<string, string>, body: Buffer): HttpFacts {
  const named = Object.entries(kept).map(([name, header]) => [name, headers.get(header)]);
  const dateMs = Date.parse(headers.get("date") ?? "");
  const bodyStart = body.toString("latin1", 0, 200).replace(/\s+/g, " ").trim();
  return {
    status,
    ...(Object.fromEntries(named.filter(([, value]) => value !== undefined)) as Partial<HttpFacts>),
    ...(Number.isNaN(dateMs) ? {} : { dateMs }),
    ...(bodyStart === "" ? {} : { bodyStart }),
  };
}

const kept = {
  server: "server",
  location: "location",
  retryAfter: "retry-after",
  wwwAuthenticate: "www-authenticate",
  upgrade: "upgrade",
  contentType: "content-type",
  amznErrorType: "x-amzn-errortype",
} as const;
