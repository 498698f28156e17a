import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readCredentialsFile, writeCredentialsFile } from "./credentials-file.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "bowline-credentials-"));
});
afterAll(() => rm(folder, { recursive: true }));

test("what is written is read again, for its owner alone, and moves with its folder", async () => {
  const file = join(folder, "user.json");
  const credentials = { url: "mqtts://localhost:8883", username: "dev", password: "pw", ca: join(folder, "ca.pem") };
  await writeFile(file, "old, and readable for all", { mode: 0o644 });
  await writeCredentialsFile(file, credentials);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(await readCredentialsFile(file)).toEqual(credentials);
  expect(JSON.parse(await readFile(file, "utf8"))).toMatchObject({ ca: "ca.pem" });
});

test.each([["not json"], ["[]"], ["null"], ['{"password": 5}'], ['{"password": "secret"']])(
  "%s is refused without showing it",
  async (text) => {
    const file = join(folder, "bad.json");
    await writeFile(file, text);
    const error = await readCredentialsFile(file).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: "OPTION_INVALID" });
    expect(String(error)).not.toContain("secret");
  },
);
