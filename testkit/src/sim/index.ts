export { generateScript } from "./generate-script.ts";
export { type RunCounts, type RunOptions, type RunReport, runScript } from "./run-script.ts";
export { formatScript, type ClientSpec, type Script, type SimAction, type SimEvent } from "./script.ts";
export { shrinkScript } from "./shrink-script.ts";
export { type PlantedFaults } from "./sim-world.ts";
export { explain, simulate, type SimulationFailure, type SimulationTotals, summary } from "./simulate.ts";
