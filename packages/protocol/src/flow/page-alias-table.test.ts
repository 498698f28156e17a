import { expect, test } from "vitest";
import { OutboundAliases } from "./outbound-aliases.ts";
import { withAliases } from "./page-alias-table.ts";

test("a page gets the table of its aliases once it is loaded", async () => {
  const made = await new Promise<unknown>((resolve) => withAliases({ maximum: 4, policy: "auto" }, resolve));
  expect(made).toBeInstanceOf(OutboundAliases);
});
