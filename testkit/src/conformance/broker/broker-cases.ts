import type { ConformanceCase } from "../case.ts";
import type { BrokerContext } from "./broker-context.ts";
import { fixedHeaderCases } from "./cases/fixed-header.ts";
import { stringCases } from "./cases/strings.ts";

/** Every case for brokers. */
export const brokerCases: readonly ConformanceCase<BrokerContext>[] = [stringCases, fixedHeaderCases].flatMap(({ cases }) => cases);
