import type { Scenario } from "../scenario.ts";
import type { AnyState } from "../scenario-device.ts";
import { factory } from "./factory.ts";
import { fleet } from "./fleet.ts";
import { home } from "./home.ts";
import { weather } from "./weather.ts";

/** The scenarios that come with the command, by name. */
export const BUILT_IN: Readonly<Record<string, Scenario<AnyState>>> = { factory, fleet, home, weather };
