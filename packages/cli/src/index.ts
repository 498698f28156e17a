export { runBowline } from "./run-bowline.ts";
export { ExitCode } from "./exit-code.ts";
export { exitCodeOfReport } from "./exit-code-of-report.ts";
