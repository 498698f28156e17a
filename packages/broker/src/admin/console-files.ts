import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join, posix, sep } from "node:path";
import type { Hono } from "hono";

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".json": "application/json",
  ".png": "image/png",
  ".ico": "image/x-icon",
  ".woff2": "font/woff2",
};

// The page runs our scripts and nothing else; a message that carries markup stays text. Other origins are for its doctor, which opens a
// WebSocket to the broker that is asked about and sees whether its address answers at all.
const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self' wss: https:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
};

interface StaticFile {
  body: Uint8Array<ArrayBuffer>;
  type: string;
  etag: string;
  /** Build tools put a hash into the names under assets/, so those never change. */
  isImmutable: boolean;
}

/** Serves the built console from memory: it is small, and no path of a request ever reaches the file system. */
export async function addConsoleFiles(app: Hono, folder: string): Promise<void> {
  const files = await readFiles(folder);
  app.get("*", (c) => {
    const file = files.get(c.req.path === "/" ? "/index.html" : c.req.path);
    if (!file) return c.text("Not found\n", 404, SECURITY_HEADERS);
    const headers = {
      ...SECURITY_HEADERS,
      "content-type": file.type,
      etag: file.etag,
      "cache-control": file.isImmutable ? "public, max-age=31536000, immutable" : "no-cache",
    };
    if (c.req.header("if-none-match") === file.etag) return c.body(null, 304, headers);
    return c.body(file.body, 200, headers);
  });
}

async function readFiles(folder: string): Promise<Map<string, StaticFile>> {
  const files = new Map<string, StaticFile>();
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const name = `/${path.slice(folder.length).split(sep).filter(Boolean).join("/")}`;
    const body = new Uint8Array(await readFile(path));
    const etag = `"${createHash("sha256").update(body).digest("base64url")}"`;
    files.set(name, {
      body,
      type: TYPES[posix.extname(name)] ?? "application/octet-stream",
      etag,
      isImmutable: name.startsWith("/assets/"),
    });
  }
  return files;
}
