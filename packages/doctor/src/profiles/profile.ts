import type { ErrorCode } from "@bowline/protocol";
import type { TargetFacts } from "@bowline/protocol/internal";
import type { DoctorOptions } from "../options.ts";

/** What a provider's brokers speak, so that a wrong port, scheme or user name is named before it is refused without a word. */
export interface Profile {
  readonly name: string;
  readonly hosts: RegExp;
  /** `scheme:port`, and the path of WebSockets. */
  readonly ways: readonly string[];
  readonly path?: string;
  /** What people trip over there. */
  readonly advice: string;
  /** What is odd in what the client is to say. */
  readonly check?: (given: Given) => readonly Oddity[];
}

/** What a run is told of the client. */
export interface Given {
  readonly target: TargetFacts;
  readonly client: Pick<
    DoctorOptions,
    | "username"
    | "password"
    | "clientId"
    | "serverName"
    | "alpnProtocols"
    | "authentication"
    | "cert"
    | "topic"
    | "qos"
    | "protocolVersion"
  >;
  readonly nowMs: number;
}

/** Something that such a provider refuses. */
export interface Oddity {
  readonly code: ErrorCode;
  readonly observed: string;
}

/** Of oddities the ones that are. */
export function those(...asked: readonly (readonly [is: boolean, code: ErrorCode, observed: string])[]): readonly Oddity[] {
  return asked.flatMap(([is, code, observed]) => (is ? [{ code, observed }] : []));
}

/** Providers with many tenants at one address find the tenant by the server name, and take nobody without a user. */
export function ofTenants(name: string): (given: Given) => readonly Oddity[] {
  return ({ target, client: { username, serverName, authentication } }) =>
    those(
      [username === undefined && authentication === undefined, "NOT_AUTHORIZED", `${name} takes no clients without a user name`],
      [
        serverName !== undefined && serverName !== target.host,
        "TLS_SNI",
        `${name} finds the deployment by its own name, and is asked for ${serverName === false ? "none" : serverName}`,
      ],
    );
}
