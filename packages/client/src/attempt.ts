import { platform } from "#platform";
import type { ConnectPacket, ProtocolVersion } from "@bowline/protocol";
import { checkBefore5, connectPacket, type ConnectState, keepsSession } from "./connect-packet.ts";
import type { ConnectOptions, Credentials } from "./options.ts";
import { parseTarget } from "./transport/target.ts";
import type { Target } from "./transport/transport.ts";

/** One attempt: what it is made with. */
export interface Attempt {
  credentials: Credentials;
  readonly target: Target;
  readonly connect: ConnectPacket;
}

/**
 * The address and the CONNECT of one attempt. Throws what is wrong with the input.
 *
 * @throws MqttError URL_INVALID, SCHEME_UNKNOWN, OPTION_INVALID, UNSUPPORTED_IN_V3
 */
export function prepareAttempt(url: string, options: ConnectOptions, state: ConnectState): Attempt {
  const { credentials: given, version } = state;
  const { target, username, password } = parseTarget(given.url ?? url, {
    protocolVersion: version,
    tls: { ...options.tls, ...given.tls },
    headers: { ...options.headers, ...given.headers },
    query: given.query ?? {},
    pageUrl: platform.pageUrl(),
  });
  const clientId = (keepsSession(options) ? undefined : given.clientId) ?? state.clientId;
  const connect = connectPacket(options, { ...state, clientId, credentials: { username, password, ...given } });
  const { proxy, socket, probe } = options;
  return { credentials: given, target: { ...target, proxy, socket, probe }, connect };
}

/** Whether what an attempt said can be said in that version. */
export function canSay(attempt: Attempt | undefined, version: ProtocolVersion): boolean {
  const { username, password } = attempt?.connect ?? {};
  try {
    if (version !== 5) checkBefore5({ ...attempt?.credentials, username, password });
    return true;
  } catch {
    return false;
  }
}
