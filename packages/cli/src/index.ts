export { runBowline } from "./run-bowline.ts";
export { ExitCode } from "./exit-code.ts";
export { exitCodeOfReport } from "./exit-code-of-report.ts";
export type {
  Device,
  DeviceMessage,
  DeviceMessages,
  Scenario,
  ScenarioCommand,
  ScenarioDrops,
  ScenarioSchedule,
} from "./load/simulate/scenario.ts";
export { scenario } from "./load/simulate/scenario.ts";
export type { RandomSource } from "./load/simulate/random-source.ts";
