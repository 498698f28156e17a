import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../../..", import.meta.url));

const program = `
import { connect, type Message } from "@bowline/client";
import { overWebSocket } from "@bowline/client/transports";

await using client = connect("/mqtt", { transport: overWebSocket(WebSocket) });
await using messages = client.subscribe("a");
for await (const message of messages) show(message);
function show(message: Message): void {
  document.title = message.text();
}
`;

// The declarations themselves are looked at too: skipLibCheck would make an unknown name an `any` without a word.
test("a page's program compiles with the language's and the DOM's types alone", async () => {
  const folder = await mkdtemp(join(root, "packages/client/dist/types-"));
  try {
    const compilerOptions = { strict: true, noEmit: true, target: "ES2022", module: "esnext", moduleResolution: "bundler" };
    const nothingElse = { lib: ["ES2022", "DOM"], types: [], skipLibCheck: false };
    await writeFile(join(folder, "page.ts"), program);
    await writeFile(
      join(folder, "tsconfig.json"),
      JSON.stringify({ compilerOptions: { ...compilerOptions, ...nothingElse }, files: ["page.ts"] }),
    );
    const compiled = promisify(execFile)(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", folder]);
    const complaints = await compiled.then(
      () => "",
      (error: { stdout?: string; message: string }) => error.stdout || error.message,
    );
    expect(complaints).toBe("");
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}, 60_000);
