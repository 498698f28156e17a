import { MqttError } from "@bowline/protocol";
import { type ConnectionTarget, takeUserInfo } from "../../connection-options.ts";
import { type LoadServer, loopbackAddresses } from "../load-server.ts";
import { loadServerOf } from "../load-server-of.ts";
import { isNumbered, type OwnMessage } from "../own-message.ts";
import type { BenchOrder } from "./bench-order.ts";
import type { RunRecord } from "./bench-record.ts";

/** One broker of a bench. */
export interface Side {
  readonly url: string;
  readonly server: LoadServer;
  readonly pid: number;
  readonly runs: RunRecord[];
}

/**
 * Finds out how to connect to a broker.
 *
 * @throws MqttError that says why it cannot be measured
 */
export async function sideOf(order: BenchOrder, target: ConnectionTarget, pid: number, signal: AbortSignal): Promise<Side> {
  if ("authentication" in (target.options.credentials ?? {}))
    throw new MqttError("USAGE", { detail: "--auth-method: bench has no exchange of its own; use conn or simulate" });
  const clientId = `bench-${process.pid}-%i`;
  const server = await loadServerOf(target, clientId, signal);
  const others: LoadServer[] = [];
  for (const url of order.otherUrls)
    others.push(await loadServerOf({ url: takeUserInfo(url).url, options: target.options }, clientId, signal));
  checkAlike(server, others);
  if (order.flow.message !== undefined) checkMessage(order.flow.message, server, order.kind);
  const given = [...order.localAddresses, ...server.localAddresses];
  const localAddresses = given.length === 0 && order.kind === "conn" ? loopbackAddresses(server.address) : given;
  const { firstNumber, retries } = order;
  return { url: server.target.url, server: { ...server, others, localAddresses, firstNumber, retries }, pid, runs: [] };
}

function checkAlike(first: LoadServer, others: readonly LoadServer[]): void {
  for (const { target } of others) {
    if (target.scheme === first.target.scheme && target.protocolVersion === first.target.protocolVersion) continue;
    throw new MqttError("USAGE", { detail: `${target.url} must have the scheme and the version of MQTT of ${first.target.url}` });
  }
}

function checkMessage(message: OwnMessage, { target }: LoadServer, kind: BenchOrder["kind"]): void {
  const { url, protocolVersion } = target;
  if (protocolVersion !== 5 && (message.hasAliases || Object.keys(message.properties).length > 0))
    throw new MqttError("USAGE", { detail: `${url} speaks MQTT 3: message properties and Topic Aliases need MQTT 5` });
  if (kind === "pub" || isNumbered(message, protocolVersion)) return;
  throw new MqttError("USAGE", {
    detail: `${url} speaks MQTT 3, which has no place for the numbers of messages of your own`,
    remedy: "Use bench pub, or messages of the generator's own.",
  });
}
