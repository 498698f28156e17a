import { expect, test } from "vitest";
import type { PackageManifest } from "../repository.ts";
import { undeclaredImports } from "./undeclared-imports.ts";

test("what a bundle imports must be a dependency of its own package", () => {
  const manifest = { name: "bowline", dependencies: { zod: "1.0.0", "@hono/node-server": "1.0.0" } } as unknown as PackageManifest;
  const fine = ["node:fs", "fs/promises", "./chunk.js", "#place", "bowline", "zod", "zod/mini", "@hono/node-server/serve-static"];
  expect(undeclaredImports(fine, manifest)).toEqual([]);
  expect(undeclaredImports([...fine, "hono/cookie", "hono", "@x/y"], manifest)).toEqual(["@x/y", "hono"]);
});
