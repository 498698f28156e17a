import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { readApi } from "./api-report.ts";

let folder = "";
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("the API is what the index exports, wherever it is declared, without comments and private members", () => {
  folder = mkdtempSync(join(tmpdir(), "api-"));
  const files: Record<string, string> = {
    "index.d.ts":
      'export { Knot, tie as untie } from "./knot.ts";\nexport * from "./more.js";\nexport { MqttError } from "@bowline/protocol";\n',
    "knot.d.ts":
      "/** A knot. */\nexport declare class Knot {\n    #rope;\n    private turns;\n    /** Ends. */\n    readonly ends: number;\n}\ndeclare function tie(): Knot;\nexport { tie };\nexport declare const hidden: 1;\n",
    "more.d.ts": "export declare const length: number;\nexport type Name = string;\n",
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  expect(Object.fromEntries(readApi(join(folder, "index.d.ts")))).toEqual({
    Knot: "export class Knot {\n    readonly ends: number;\n}",
    untie: "// tie as untie\nexport function tie(): Knot;",
    length: "export const length: number;",
    Name: "export type Name = string;",
    MqttError: 'export { MqttError } from "@bowline/protocol";',
  });
});
