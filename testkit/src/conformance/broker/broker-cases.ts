import type { ConformanceCase } from "../case.ts";
import type { BrokerContext } from "./broker-context.ts";
import { connectFormCases } from "./cases/connect-form.ts";
import { connectPropertyCases } from "./cases/connect-properties.ts";
import { endingCases } from "./cases/ending.ts";
import { fixedHeaderCases } from "./cases/fixed-header.ts";
import { flowCases } from "./cases/flow.ts";
import { matchingCases } from "./cases/matching.ts";
import { publishCases } from "./cases/publish.ts";
import { qosCases } from "./cases/qos.ts";
import { retainCases } from "./cases/retain.ts";
import { sessionCases } from "./cases/session.ts";
import { stringCases } from "./cases/strings.ts";
import { subscribeCases } from "./cases/subscribe.ts";
import { unsubscribeCases } from "./cases/unsubscribe.ts";
import { willCases } from "./cases/will.ts";

/** Every case for brokers. */
export const brokerCases: readonly ConformanceCase<BrokerContext>[] = [
  stringCases,
  fixedHeaderCases,
  connectFormCases,
  connectPropertyCases,
  sessionCases,
  willCases,
  publishCases,
  subscribeCases,
  unsubscribeCases,
  matchingCases,
  retainCases,
  qosCases,
  flowCases,
  endingCases,
].flatMap(({ cases }) => cases);
