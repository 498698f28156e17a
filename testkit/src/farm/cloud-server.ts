import type * as http from "node:http";
import * as https from "node:https";
import type { Duplex } from "node:stream";
import * as tls from "node:tls";
import { createWebSocketStream, WebSocketServer } from "ws";
import type { Material } from "../failures/openssl-certificates.ts";
import { cloudHosts, type MaterialName } from "./certificates.ts";
import { serveFake } from "./fake-broker.ts";
import { answerUpgrade, serveHttp } from "./http-faults.ts";

const paths: ReadonlySet<string> = new Set(["/mqtt", "/$iothub/websocket"]);

/**
 * The WebSocket faces of providers, under their own names: an endpoint is found by the server name and another one is refused, there is one
 * path, and nobody comes in without a user name but at AWS.
 */
export function cloudServer(certificates: Readonly<Record<MaterialName, Material>>): https.Server {
  const old = tls.createSecureContext(certificates.oldAws);
  const own = tls.createSecureContext(certificates.clouds);
  const known: ReadonlyMap<string, tls.SecureContext> = new Map([
    ...[cloudHosts.aws, cloudHosts.emqx, cloudHosts.hiveMq, cloudHosts.azure].map((host) => [host, own] as const),
    [cloudHosts.oldAws, old],
  ]);
  const server = https.createServer({
    ...certificates.clouds,
    SNICallback: (name, done) => {
      const context = known.get(name);
      done(context === undefined ? new Error("no such endpoint") : null, context);
    },
  });
  server.on("tlsClientError", () => undefined);
  const sockets = new WebSocketServer({ noServer: true, handleProtocols: () => "mqtt" });
  server.on("request", (_request, response) => response.writeHead(404).end());
  server.on("upgrade", (request: http.IncomingMessage, socket: tls.TLSSocket, head: Buffer) => {
    socket.on("error", () => undefined);
    const isAws = /amazonaws/.test(request.headers.host ?? "");
    const [path = "", query = ""] = (request.url ?? "").split("?");
    if (!paths.has(path)) answerUpgrade(socket, 404);
    // The account has no default authorizer.
    else if (isAws && query === "") answerUpgrade(socket, 403);
    else if (!serveHttp(request, socket))
      sockets.handleUpgrade(request, socket, head, (one) => serve(createWebSocketStream(one), isAws));
  });
  return server;
}

const serve = (stream: Duplex, isAws: boolean): void => serveFake(stream, isAws ? "" : "rc=135");
