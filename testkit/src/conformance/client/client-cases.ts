import type { ConformanceCase } from "../case.ts";
import { aliasCases } from "./cases/alias-cases.ts";
import { authenticationCases } from "./cases/authentication-cases.ts";
import { connackCases } from "./cases/connack-cases.ts";
import { connectCases } from "./cases/connect-cases.ts";
import { endingCases } from "./cases/ending-cases.ts";
import { incomingFlowCases } from "./cases/incoming-flow-cases.ts";
import { outgoingFlowCases } from "./cases/outgoing-flow-cases.ts";
import { publishCases } from "./cases/publish-cases.ts";
import { sessionCases } from "./cases/session-cases.ts";
import { subscribeCases } from "./cases/subscribe-cases.ts";
import { violationCases } from "./cases/violation-cases.ts";
import { webSocketCases } from "./cases/web-socket-cases.ts";
import { versionedCases } from "./client-run.ts";
import type { Kit } from "./kit.ts";

/** Every case of the kit for clients, once for each version it is for. */
export const clientCases: readonly ConformanceCase<Kit>[] = [
  // Those that wait for real time go first, so that the others fill the time.
  ...versionedCases("end", endingCases),
  ...versionedCases("connect", connectCases),
  ...versionedCases("connack", connackCases),
  ...versionedCases("publish", publishCases),
  ...versionedCases("alias", aliasCases),
  ...versionedCases("send", outgoingFlowCases),
  ...versionedCases("receive", incomingFlowCases),
  ...versionedCases("session", sessionCases),
  ...versionedCases("subscribe", subscribeCases),
  ...versionedCases("auth", authenticationCases),
  ...versionedCases("violation", violationCases),
  ...versionedCases("websocket", webSocketCases),
];
