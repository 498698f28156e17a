import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { signToken } from "./src/token.js";

const {
  ENDPOINT = "wss://localhost:8084",
  AUTHORIZER = "chat",
  APP = "chat",
  STAGE = "dev",
  TOKEN_KEY = "",
  PORT = "3000",
} = process.env;
const here = fileURLToPath(new URL(".", import.meta.url));
const client = fileURLToPath(new URL(".", import.meta.resolve("@bowline/client")));
/** @type {Record<string, string>} */
const types = { ".html": "text/html", ".js": "text/javascript" };

/** The page's own server: its files, where the endpoint is, and a token for whoever gives a name. A real app asks for more. */
export const server = createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://localhost");
  if (pathname === "/realtime.json") {
    response.end(JSON.stringify({ endpoint: ENDPOINT, authorizer: AUTHORIZER, room: `${APP}/${STAGE}/room` }));
  } else if (pathname === "/token") {
    const user = searchParams.get("user") ?? "";
    if (/^[a-zA-Z0-9]{1,20}$/.test(user)) response.end(JSON.stringify(signToken(user, TOKEN_KEY)));
    else response.writeHead(400).end("a name has 1 to 20 letters and digits");
  } else {
    void sendFile(pathname === "/" ? "/index.html" : pathname, response);
  }
});
server.listen(Number(PORT), "localhost", () => {
  const address = /** @type {import("node:net").AddressInfo} */ (server.address());
  console.log(`http://localhost:${address.port}/`);
});

/**
 * @param {string} path
 * @param {import("node:http").ServerResponse} response
 */
async function sendFile(path, response) {
  // The client's main file, and the parts that it loads on demand.
  const isClient = /^\/browser[\w.-]*\.min\.js$/.test(path);
  if (!isClient && path !== "/index.html" && path !== "/chat.js") return response.writeHead(404).end();
  const content = await readFile(isClient ? join(client, path) : join(here, "web", path));
  return response.setHeader("content-type", types[extname(path)] ?? "").end(content);
}
