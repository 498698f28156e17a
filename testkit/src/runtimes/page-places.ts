/** Where in a browser the packages run, and the class of the global object there. */
export const scopes = {
  page: "Window",
  "dedicated worker": "DedicatedWorkerGlobalScope",
  "shared worker": "SharedWorkerGlobalScope",
  "service worker": "ServiceWorkerGlobalScope",
} as const;
export type Place = keyof typeof scopes;
export type PagePackage = "client" | "mqttjs";

/** What every page of a run begins with. */
export const PAGE_HEAD: string = `<!doctype html><title>cases</title><link rel="icon" href="data:,"><script src="suite.js"></script>
<script>
globalThis.base = new URL(".", location.href).href;
addEventListener("error", ({ message }) => bowlineSuite.failed(base, message));
addEventListener("unhandledrejection", ({ reason }) => bowlineSuite.failed(base, reason));
</script>`;

/** The files of a run: the client as an ES module, the drop-in as the classic script with the global `mqtt`. */
export function filesFor(place: Place, packageName: PagePackage): Record<string, string> {
  if (place === "page") return { "index.html": `${PAGE_HEAD}${packageName === "client" ? CLIENT_PAGE : DROP_IN_PAGE}` };
  return {
    "index.html": `${PAGE_HEAD}<script>${START[place](packageName === "client" ? "module" : "classic")}</script>`,
    "worker.js": packageName === "client" ? clientWorker(place) : DROP_IN_WORKER,
  };
}

const CLIENT_PAGE = `<script type="module">
import * as client from "./client/browser.min.js";
bowlineSuite.client(base, client);
</script>`;

const DROP_IN_PAGE = `<script src="mqttjs/browser.min.js"></script><script>bowlineSuite.mqttjs(base, mqtt);</script>`;

/** A service worker would be ended while it does nothing that the browser knows of. */
const RUN_IN_WORKER = `
const base = new URL(".", location.href).href;
const done = run().catch((error) => bowlineSuite.failed(base, error));
addEventListener("install", (event) => event.waitUntil(done));`;

/** A service worker may import nothing later, so it takes the one file with everything. */
function clientWorker(place: Place): string {
  return `import "./suite.js";
import * as client from "./client/${place === "service worker" ? "browser.whole.min.js" : "browser.min.js"}";
const run = () => bowlineSuite.client(base, client);${RUN_IN_WORKER}`;
}

/**
 * A service worker with the module that loads the rest on demand, which a service worker cannot: it tells how the client ended, and how often it said why. With a
 * callback for credentials a client goes on after almost anything.
 */
export function filesForStoreInServiceWorker(): Record<string, string> {
  const worker = `import "./suite.js";
import { connect, indexedDbStore } from "./client/browser.min.js";
const run = async () => {
  const { url, credentials } = await (await fetch(base + "setting")).json();
  const client = connect(url, { credentials: () => credentials, session: { clientId: "stored", store: indexedDbStore("stored") } });
  const told = [];
  client.on("attemptFailed", ({ code, stage, hints }) => told.push([code, stage, hints[0]].join("; ")));
  await client.online().catch(() => undefined);
  const results = [{ name: client.status.state, ms: 0, error: told.join(", ") }];
  const report = { scope: globalThis.constructor.name, userAgent: navigator.userAgent, results };
  await fetch(base + "results", { method: "POST", body: JSON.stringify(report) });
};${RUN_IN_WORKER}`;
  return { "index.html": `${PAGE_HEAD}<script>${START["service worker"]("module")}</script>`, "worker.js": worker };
}

const DROP_IN_WORKER = `importScripts("mqttjs/browser.min.js", "suite.js");
const run = () => bowlineSuite.mqttjs(base, mqtt);${RUN_IN_WORKER}`;

const START: Readonly<Record<Exclude<Place, "page">, (type: string) => string>> = {
  "dedicated worker": (type) =>
    `new Worker("worker.js", { type: "${type}" }).onerror = ({ message }) => bowlineSuite.failed(base, message);`,
  "shared worker": (type) =>
    `new SharedWorker("worker.js", { type: "${type}" }).onerror = ({ message }) => bowlineSuite.failed(base, message);`,
  "service worker": (type) => `navigator.serviceWorker.register("worker.js", { type: "${type}" });`,
};
