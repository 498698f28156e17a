export { BowlineProcess, type ConnectionView, type FirstUser } from "./bowline-process.ts";
export { CommandFolder, type Ended, RunningCommand } from "./command-folder.ts";
export { missingPrograms, programPath } from "./missing-programs.ts";
