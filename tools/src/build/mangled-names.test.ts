import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { root } from "../repository.ts";
import { mangledNames } from "./mangled-names.ts";

const apiNames = (name: string): string[] =>
  Array.from(
    readFileSync(join(root, "packages", name, "api.md"), "utf8").matchAll(/^ +(?:readonly )?(\w+)[?(:<]/gm),
    ([, word]) => word!,
  );

describe.each([["client"], ["mqttjs"]])("the page bundle of %s", (name) => {
  const packages = name === "client" ? ["protocol", "client"] : ["protocol", "client", "mqttjs"];
  const mangled = mangledNames(packages);

  test("keeps every name of its API report", () => {
    const names = apiNames(name);
    expect(names.length).toBeGreaterThan(100);
    expect(names.filter((one) => mangled.has(one))).toEqual([]);
  });

  test("keeps what an application implements or a transport is told, though no report names it", () => {
    for (const one of ["opened", "destroy", "milestone", "hostOptions", "setTimer"]) expect(mangled).not.toContain(one);
  });

  test("keeps what the platform names, and what parts that are loaded later export", () => {
    for (const one of ["binaryType", "wasClean", "visibilityState", "byteOffset", "encodeInto"]) expect(mangled).not.toContain(one);
    for (const one of ["pageRows", "OutboundAliases", "judge"]) expect(mangled).not.toContain(one);
  });

  test("shortens what only our own code meets", () => {
    for (const one of ["acceptedTypes", "continueAt"]) expect(mangled).toContain(one);
  });
});

test("the drop-in keeps the insides that users of MQTT.js look at", () => {
  const mangled = mangledNames(["protocol", "client", "mqttjs"]);
  for (const one of ["stream", "queue", "outgoing", "messageIdProvider", "handleMessage"]) expect(mangled).not.toContain(one);
});
