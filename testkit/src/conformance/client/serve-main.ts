import { bowlineDriver } from "./drivers/bowline-driver.ts";
import { serveDriver } from "./serve-driver.ts";

// Our client as a program: the example of one, and the test of the lines between.
serveDriver(bowlineDriver, process.stdin, process.stdout);
process.stdin.on("end", () => process.exit());
