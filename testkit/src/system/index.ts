export { BowlineProcess, type ConnectionView, type FirstUser } from "./bowline-process.ts";
export { missingPrograms, programPath } from "./missing-programs.ts";
