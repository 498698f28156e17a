import * as client from "@bowline/client";
import { runCases } from "../../../../../testkit/dist/runtimes/case.js";
import { clientCases } from "../../../../../testkit/dist/runtimes/client-cases.js";

test("the client passes every case", async () => {
  const results = await runCases(clientCases(client, JSON.parse(process.env.BOWLINE_SETTING)));
  expect(results.filter(({ error }) => error !== undefined)).toEqual([]);
}, 60_000);
