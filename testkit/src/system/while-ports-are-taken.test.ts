import { createServer } from "node:net";
import { expect, test } from "vitest";
import { BowlineProcess } from "./bowline-process.ts";
import { whilePortsAreTaken } from "./while-ports-are-taken.ts";

test("a broker that finds its port taken at a restart waits until it is free", async () => {
  const broker = await BowlineProcess.start("--listen", "mqtt://127.0.0.1:0", "--no-console");
  try {
    const [url] = broker.urls;
    await broker.stop();
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(Number(new URL(url!).port), "127.0.0.1", resolve));
    const again = broker.startAgain();
    while (!broker.log.includes("PORT_IN_USE")) await new Promise((resolve) => setTimeout(resolve, 5));
    await Promise.all([again, new Promise((resolve) => other.close(resolve))]);
    expect(broker.urls).toEqual([url]);
  } finally {
    await broker.remove();
  }
});

test("any other failure is told at once", async () => {
  let starts = 0;
  const start = async (): Promise<void> => {
    starts++;
    throw new Error("the store is damaged");
  };
  await expect(whilePortsAreTaken(start)).rejects.toThrow("damaged");
  expect(starts).toBe(1);
});
