import type { Packet, PublishPacket, QoS } from "@bowline/protocol";
import { PacketType } from "@bowline/protocol";
import { connect } from "../connect.ts";
import type { Client } from "../client.ts";
import type { ConnectOptions } from "../options.ts";
import type { AttemptFailure, Status } from "../status.ts";
import { ScriptedServer } from "./scripted-server.ts";
import { turn, VirtualClock } from "./virtual-clock.ts";

/** A client, the server it dials, and what it told. */
export interface Stage {
  readonly client: Client;
  readonly server: ScriptedServer;
  readonly clock: VirtualClock;
  readonly failures: AttemptFailure[];
  readonly losses: AttemptFailure[];
  readonly states: Status["state"][];
}

/** Puts a client on a scripted server and a virtual clock; its chance is always one half. */
export async function stage(
  options: ConnectOptions = {},
  prepare: (server: ScriptedServer) => void = () => undefined,
): Promise<Stage> {
  const server = new ScriptedServer();
  const clock = new VirtualClock();
  prepare(server);
  const client = connect("mqtt://server.test", { transport: server.dial, clock, random: () => 0.5, ...options });
  const failures: AttemptFailure[] = [];
  const losses: AttemptFailure[] = [];
  const states: Status["state"][] = [client.status.state];
  client.on("attemptFailed", (failure) => failures.push(failure));
  client.on("connectionLost", (failure) => losses.push(failure));
  client.on("status", ({ state }) => states.push(state));
  await turn();
  return { client, server, clock, failures, losses, states };
}

/** A PUBLISH as a server sends it. */
export function message(topicName: string, text: string, qos: QoS = 0, packetIdentifier?: number, dup = false): PublishPacket {
  return {
    type: PacketType.PUBLISH,
    topicName,
    payload: new TextEncoder().encode(text),
    qos,
    retain: false,
    dup,
    ...(packetIdentifier === undefined ? {} : { packetIdentifier }),
  };
}

export function textOf(packet: Packet | undefined): string {
  return packet?.type === PacketType.PUBLISH ? new TextDecoder().decode(packet.payload) : "";
}

/** What a promise rejects with, heard from now on. */
export async function rejection(promise: PromiseLike<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("it did not reject");
}
