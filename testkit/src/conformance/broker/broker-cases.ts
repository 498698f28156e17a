import type { ConformanceCase } from "../case.ts";
import type { BrokerContext } from "./broker-context.ts";
import { connectFormCases } from "./cases/connect-form.ts";
import { connectPropertyCases } from "./cases/connect-properties.ts";
import { fixedHeaderCases } from "./cases/fixed-header.ts";
import { publishCases } from "./cases/publish.ts";
import { sessionCases } from "./cases/session.ts";
import { stringCases } from "./cases/strings.ts";
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
].flatMap(({ cases }) => cases);
