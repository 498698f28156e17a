import type { Socket } from "node:net";
import { Link } from "../wire/link.ts";

/** P3: what a server does that is told nothing. MQTT, TLS and HTTP wait for the client. */
export interface FirstWords {
  readonly bytes?: Buffer;
  readonly closedBy?: "fin" | "reset";
}

const listenMs = 300;

export async function listenFirst(socket: Socket): Promise<FirstWords> {
  const link = new Link(socket);
  const awaited = await link.wait(listenMs);
  const bytes = link.take().subarray(0, 64);
  link.destroy();
  if (awaited === "data") return { bytes };
  return awaited === "ended" && link.closedBy !== undefined ? { closedBy: link.closedBy } : {};
}
