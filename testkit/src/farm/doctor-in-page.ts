import { examine, type PageDoctorOptions, type Report } from "@bowline/doctor/browser";

/** What the page is to examine; bytes come as lists of numbers. */
export interface PageOrder {
  readonly id: number;
  readonly url: string;
  readonly options: PageDoctorOptions;
  /** A WebSocket that opens: Chromium holds back the attempts of a page of which most fail. */
  readonly warmUrl?: string;
  /** Taken for what `navigator` says. */
  readonly isOffline?: boolean;
  /** How far the clock is ahead. */
  readonly skewMs?: number;
  /** WebSockets to that place that are open meanwhile. */
  readonly held?: number;
}

/** How long it holds attempts back depends on how many of the last failed for one that did not. */
const warmTimes = 4;

/** Runs in the page: takes orders of its host, and tells it the reports. */
async function work(): Promise<never> {
  for (;;) {
    const answer = await fetch("next");
    if (answer.status !== 200) continue;
    const order = (await answer.json()) as PageOrder;
    const report = await run(order);
    await fetch(`done/${order.id}`, { method: "POST", body: JSON.stringify(report) });
  }
}

async function run({
  url,
  options,
  warmUrl,
  isOffline = false,
  skewMs = 0,
  held = 0,
}: PageOrder): Promise<Report | { readonly error: string }> {
  const will = options.will === undefined ? {} : { will: { ...options.will, payload: Uint8Array.from(options.will.payload) } };
  Object.defineProperty(navigator, "onLine", { value: !isOffline, configurable: true });
  const clock = skewMs === 0 ? {} : { now: () => Date.now() + skewMs };
  const sockets: WebSocket[] = [];
  try {
    for (let i = 0; i < held; i++) sockets.push(await settled(url));
    const report = await examine(url, { ...options, ...will, ...clock });
    if (report.facts.ws?.everOpened === false && warmUrl !== undefined) for (let i = 0; i < warmTimes; i++) await warm(warmUrl);
    return report;
  } catch (error) {
    return { error: String(error) };
  } finally {
    for (const socket of sockets) socket.close();
  }
}

/** One that has opened, or has not. */
function settled(url: string): Promise<WebSocket> {
  return new Promise((resolve) => {
    const socket = new WebSocket(url, "mqtt");
    socket.onopen = socket.onclose = socket.onerror = () => resolve(socket);
  });
}

async function warm(url: string): Promise<void> {
  const socket = await settled(url);
  await new Promise((resolve) => {
    socket.onclose = resolve;
    socket.close();
    if (socket.readyState === WebSocket.CLOSED) resolve(undefined);
  });
}

// As many as the test has orders for at once. A browser has six connections to a host: requests that wait for an order must leave one for
// a report, or all of them wait for ever.
const workers = location.pathname.endsWith("/plain/") ? 4 : 1;
for (let i = 0; i < workers; i++) void work();
