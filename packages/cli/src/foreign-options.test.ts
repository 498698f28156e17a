import { expect, test } from "vitest";
import { COMMANDS } from "./command-list.ts";
import { FOREIGN_OPTIONS } from "./foreign-options.ts";

test("each is an option of ours, and none is theirs and ours", async () => {
  const commands = await Promise.all(["pub", "sub", "rpc"].map((name) => (COMMANDS[name] as (typeof COMMANDS)[string]).load()));
  const options = Object.assign({}, ...commands.map((command) => command.options)) as object;
  for (const [theirs, ours] of Object.entries(FOREIGN_OPTIONS)) {
    const name = /^--([a-z0-9-]+)/.exec(ours)?.[1];
    if (name !== undefined) expect(Object.keys(options), ours).toContain(name);
    expect(Object.keys(options)).not.toContain(theirs);
  }
});
