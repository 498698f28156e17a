export { runBowline } from "./run-bowline.ts";
export { ExitCode } from "./exit-code.ts";
