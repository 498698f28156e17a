import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Hono } from "hono";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openAdminSocket } from "./admin-socket.ts";
import { addConsoleFiles } from "./console-files.ts";
import { openOperatorKey } from "./operator-key.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "bowline-admin-"));
});
afterEach(() => rm(folder, { recursive: true }));

const app = new Hono().get("/hello", (c) => c.text("world"));

function get(socketPath: string, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    request({ socketPath, path, agent: false }, (response) => {
      response.setEncoding("utf8").on("data", resolve);
    })
      .on("error", reject)
      .end();
  });
}

test("the admin socket answers, belongs to its user alone, and goes when it is closed", async () => {
  const path = join(folder, "admin.sock");
  const socket = await openAdminSocket(path, app);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await get(path, "/hello")).toBe("world");
  await expect(openAdminSocket(path, app)).rejects.toMatchObject({ code: "STORE_IN_USE" });
  expect(await get(path, "/hello")).toBe("world");
  await socket.close();
  await expect(get(path, "/hello")).rejects.toMatchObject({ code: "ENOENT" });
});

test("a socket that a killed broker left behind is replaced", async () => {
  const path = join(folder, "admin.sock");
  await writeFile(path, "");
  const socket = await openAdminSocket(path, app);
  expect(await get(path, "/hello")).toBe("world");
  await socket.close();
});

test("closing does not wait for readers that stay connected", async () => {
  const path = join(folder, "admin.sock");
  const endless = new Hono().get(
    "/endless",
    () => new Response(new ReadableStream({ start: (stream) => stream.enqueue(new Uint8Array(1)) })),
  );
  const socket = await openAdminSocket(path, endless);
  await new Promise((resolve) => {
    request({ socketPath: path, path: "/endless" }, (response) => {
      response.once("data", resolve).on("error", () => {});
    }).end();
  });
  await expect(socket.close()).resolves.toBeUndefined();
});

test("a path that no socket can have is named", async () => {
  await expect(openAdminSocket(join(folder, "x".repeat(120), "admin.sock"), app)).rejects.toMatchObject({ code: "LISTEN_FAILED" });
});

test("the operator key is made once, with mode 600, and an empty file is none", async () => {
  const file = join(folder, "operator.key");
  await writeFile(file, "", { mode: 0o600 });
  const key = await openOperatorKey(file);
  expect(key.reveal()).toMatch(/^[\w-]{43}$/);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect((await openOperatorKey(file)).reveal()).toBe(key.reveal());
  expect((await readFile(file, "utf8")).trim()).toBe(key.reveal());
});

test("console files come from memory with a strict policy, and nothing outside the folder is reachable", async () => {
  await mkdir(join(folder, "site", "assets"), { recursive: true });
  await writeFile(join(folder, "site", "index.html"), "<!doctype html>");
  await writeFile(join(folder, "site", "assets", "app-1.js"), "1");
  await writeFile(join(folder, "secret"), "secret");
  const site = new Hono();
  await addConsoleFiles(site, join(folder, "site"));
  const page = await site.request("/");
  expect(page.headers.get("content-type")).toBe("text/html; charset=utf-8");
  expect(page.headers.get("content-security-policy")).toContain("default-src 'none'");
  expect(page.headers.get("cache-control")).toBe("no-cache");
  const etag = page.headers.get("etag") ?? "";
  expect((await site.request("/", { headers: { "if-none-match": etag } })).status).toBe(304);
  expect((await site.request("/assets/app-1.js")).headers.get("cache-control")).toContain("immutable");
  for (const path of ["/missing", "/../secret", "/%2e%2e/secret", "/assets"]) expect((await site.request(path)).status).toBe(404);
});

test("an HTTP server of somebody else at the path is not ours to replace", async () => {
  const path = join(folder, "admin.sock");
  const other = createServer();
  await new Promise<void>((resolve) => {
    other.listen(path, resolve);
  });
  await expect(openAdminSocket(path, app)).rejects.toMatchObject({ code: "STORE_IN_USE" });
  await new Promise((resolve) => {
    other.close(resolve);
  });
});
