import { chmod, unlink } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { connect } from "node:net";
import { relative } from "node:path";
import { isMainThread } from "node:worker_threads";
import { getRequestListener } from "@hono/node-server";
import { MqttError } from "@bowline/protocol";
import type { Hono } from "hono";

/** Linux keeps 108 bytes for the path of a unix socket and macOS 104, the closing zero included. */
const PATH_BYTES_MAX = 103;

/** The admin API on a unix socket that only this user can open. */
export interface AdminSocket {
  readonly path: string;
  close(): Promise<void>;
}

/**
 * Serves the API at a path. Whoever can open the socket is the operator, so it has mode 600 from its first moment on.
 *
 * @throws MqttError STORE_IN_USE when another broker serves there, LISTEN_FAILED
 */
export async function openAdminSocket(path: string, app: Hono): Promise<AdminSocket> {
  const short = shortest(path);
  await removeStale(short, path);
  const server = createServer(getRequestListener(app.fetch, { overrideGlobalObjects: false }));
  await listen(server, short, path);
  return {
    path,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** A deep folder makes a path longer than a socket's can be, and the way from the working folder is often shorter. */
function shortest(path: string): string {
  const fromHere = relative(process.cwd(), path);
  const short = Buffer.byteLength(path) <= PATH_BYTES_MAX || fromHere.length >= path.length ? path : fromHere;
  if (Buffer.byteLength(short) <= PATH_BYTES_MAX) return short;
  throw new MqttError("LISTEN_FAILED", {
    detail: `the path of the admin socket has more than ${PATH_BYTES_MAX} bytes: ${path}`,
    remedy: "Use a data folder with a shorter path.",
  });
}

/** A killed broker leaves its socket behind, and nothing answers there; a living one answers. */
async function removeStale(short: string, path: string): Promise<void> {
  const isAlive = await new Promise<boolean>((resolve) => {
    const socket = connect(short, () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
  if (isAlive) throw new MqttError("STORE_IN_USE", { detail: `a broker answers at ${path}` });
  await unlink(short).catch(() => {});
}

async function listen(server: Server, short: string, path: string): Promise<void> {
  const listening = new Promise<void>((resolve, reject) => {
    server.once("listening", resolve).once("error", reject);
  });
  // The socket is made inside `listen`, in this turn, so nobody meets it with another mode. A worker thread, as of a test runner, may not
  // set the mask of its process: until `chmod` the mode of the folder, 700, has to do.
  const mask = isMainThread ? process.umask(0o177) : undefined;
  server.listen(short);
  if (mask !== undefined) process.umask(mask);
  try {
    await listening;
    await chmod(short, 0o600);
  } catch (cause) {
    throw new MqttError("LISTEN_FAILED", {
      detail: `admin socket ${path} (${(cause as NodeJS.ErrnoException).code ?? "unknown"})`,
      cause,
    });
  }
}
