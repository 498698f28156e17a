export { BowlineProcess, type FirstUser } from "./bowline-process.ts";
