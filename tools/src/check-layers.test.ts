import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { checkLayers } from "./check-layers.ts";

let folder = "";
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const own = (id: string, more: object = {}): string =>
  JSON.stringify({ name: `@bowline/${id}`, exports: { ".": "./src/index.ts", "./internal": "./src/internal.ts" }, ...more });

/** Lays the files in a temporary repository that already has protocol, client and broker, and checks it. */
function check(files: Readonly<Record<string, string>>): string[] {
  folder = mkdtempSync(join(tmpdir(), "layers-"));
  const all: Record<string, string> = {
    "package.json": JSON.stringify({ name: "root", devDependencies: { vitest: "1.0.0" } }),
    "packages/protocol/package.json": own("protocol"),
    "packages/client/package.json": own("client", {
      dependencies: { "@bowline/protocol": "0.1.0" },
      imports: { "#platform": "./src/node/platform.ts" },
    }),
    "packages/broker/package.json": own("broker", { dependencies: { "@bowline/client": "0.1.0", "@bowline/protocol": "0.1.0" } }),
    "testkit/package.json": own("testkit", { private: true }),
    ...files,
  };
  for (const [name, text] of Object.entries(all)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return checkLayers(folder);
}

describe("what the layers allow", () => {
  test("a graph that follows the arrows has no findings", () => {
    const findings = check({
      "packages/protocol/src/errors/mqtt-error.ts": "export class MqttError {}",
      "packages/protocol/src/packet/decode.ts": 'import { MqttError } from "../errors/mqtt-error.ts"; export const e = MqttError;',
      "packages/protocol/src/index.ts": 'export { MqttError } from "./errors/mqtt-error.ts";',
      "packages/client/src/index.ts": 'export { MqttError } from "@bowline/protocol"; import "#platform";',
      "packages/client/src/node/platform.ts": 'import net from "node:net"; export const p = [net, Buffer, process];',
      "packages/client/src/a.test.ts": 'import { test } from "vitest"; import "@bowline/testkit"; import "node:fs"; test;',
      "packages/broker/src/index.ts": 'import "@bowline/client/internal"; import "node:fs";',
      "testkit/src/index.ts": 'import "@bowline/broker"; import "vitest";',
    });
    expect(findings).toEqual([]);
  });

  test("members, keys and own names that happen to be called like a global of Node are no use of it", () => {
    const text = "const o = { process: 1 }; o.process; export function f(module: number) { return module; } globalThis.Buffer;";
    expect(check({ "packages/protocol/src/errors/a.ts": text })).toEqual([]);
  });
});

describe("what the layers refuse", () => {
  test.each([
    ["an import", 'import { b } from "@bowline/broker"; b;'],
    ["a type import", 'import type { B } from "@bowline/broker"; export type C = B;'],
    ["an export from", 'export * from "@bowline/broker";'],
    ["a type export from", 'export type { B } from "@bowline/broker";'],
    ["a dynamic import", 'export const b = import("@bowline/broker");'],
    ["an import in a type", 'export type B = import("@bowline/broker").B;'],
  ])("a wrong arrow by %s", (_how, text) => {
    const findings = check({
      "packages/client/package.json": own("client", { dependencies: { "@bowline/broker": "0.1.0" } }),
      "packages/client/src/a.ts": text,
    });
    expect(findings).toEqual(["packages/client/src/a.ts:1 wrong arrow: client may not import broker"]);
  });

  test("testkit outside a test", () => {
    const findings = check({ "packages/broker/src/a.ts": 'import "@bowline/testkit";' });
    expect(findings[0]).toBe("packages/broker/src/a.ts:1 imports testkit, which only tests may do");
  });

  test("a folder of protocol that imports one to its right, by type too", () => {
    const findings = check({
      "packages/protocol/src/packet/a.ts": 'import type { E } from "../engine/e.ts"; export type A = E;',
      "packages/protocol/src/engine/e.ts": "export type E = 1;",
    });
    expect(findings).toEqual(["packages/protocol/src/packet/a.ts:1 wrong folder: packet may not import engine"]);
  });

  test("a file of protocol outside the ordered folders", () => {
    const findings = check({
      "packages/protocol/src/packet/a.ts": 'import "../helpers/h.ts";',
      "packages/protocol/src/helpers/h.ts": "export {};",
    });
    expect(findings[0]).toContain("which stands in no folder of the order");
  });

  test("a circle of files, through types and through a package's imports map", () => {
    const findings = check({
      "packages/client/src/a.ts": 'import type { B } from "./b.ts"; export type A = B;',
      "packages/client/src/b.ts": 'import "#platform"; export type B = 1;',
      "packages/client/src/node/platform.ts": 'export type { A } from "../a.ts";',
    });
    const [a, b, platform] = ["a.ts", "b.ts", "node/platform.ts"].map((name) => `packages/client/src/${name}`);
    expect(findings).toEqual([`cycle: ${a} -> ${b} -> ${platform} -> ${a}`]);
  });

  test("a reach into another package by subpath or by path", () => {
    const findings = check({
      "packages/broker/src/a.ts": 'import "@bowline/protocol/src/packet/p.ts";\nimport "../../protocol/src/packet/p.ts";',
      "packages/protocol/src/packet/p.ts": "export {};",
    });
    expect(findings).toEqual([
      "packages/broker/src/a.ts:1 reaches inside: @bowline/protocol does not export ./src/packet/p.ts",
      "packages/broker/src/a.ts:2 reaches out of its package by ../../protocol/src/packet/p.ts: import the package by name",
    ]);
  });

  test("a file that imports its own package's barrel or name", () => {
    const findings = check({
      "packages/client/src/index.ts": "export const x = 1;",
      "packages/client/src/a.ts": 'import "./index.ts";',
      "packages/client/src/b.ts": 'import "@bowline/client";',
    });
    expect(findings).toContain("packages/client/src/a.ts:1 imports the barrel index.ts of its own package: import the file");
    expect(findings).toContain("packages/client/src/b.ts:1 imports its own package by name: import the file");
  });

  test("Node's modules and globals in a universal package", () => {
    const findings = check({
      "packages/client/src/a.ts": 'import type { Socket } from "node:net"; export const a: Socket | Buffer = Buffer.alloc(1);',
    });
    expect(findings).toEqual([
      "packages/client/src/a.ts:1 imports node:net in a universal package",
      "packages/client/src/a.ts:1 uses Node's global Buffer in a universal package",
      "packages/client/src/a.ts:1 uses Node's global Buffer in a universal package",
    ]);
  });

  test("of the drop-in only types may name Buffer, and what only tests use may be Node's", () => {
    const findings = check({
      "packages/mqttjs/src/a.ts": "export const a = (b: Buffer): typeof Buffer | undefined => undefined;\nBuffer.alloc(1);",
      "packages/client/src/testing/b.ts": "setImmediate(() => {});",
    });
    expect(findings).toEqual(["packages/mqttjs/src/a.ts:2 uses Node's global Buffer in a universal package"]);
  });

  test("a package or a sibling that package.json does not declare", () => {
    const findings = check({
      "packages/broker/package.json": own("broker"),
      "packages/broker/src/a.ts": 'import "left-pad"; import "@bowline/client";',
    });
    expect(findings).toEqual([
      "packages/broker/src/a.ts:1 imports left-pad, which broker/package.json does not declare",
      "packages/broker/src/a.ts:1 imports @bowline/client, which broker/package.json does not declare",
    ]);
  });

  test("an import of a file or of an imports entry that is not there, and a file that cannot be parsed", () => {
    const findings = check({
      "packages/client/src/a.ts": 'import "./gone.ts"; import "#gone";',
      "packages/client/src/b.ts": "export const = ;",
    });
    expect(findings).toHaveLength(3);
    expect(findings[0]).toContain("imports ./gone.ts, which does not exist");
    expect(findings[2]).toContain("cannot be parsed");
  });
});
