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

async function run({ url, options, warmUrl, isOffline = false }: PageOrder): Promise<Report | { readonly error: string }> {
  const will = options.will === undefined ? {} : { will: { ...options.will, payload: Uint8Array.from(options.will.payload) } };
  Object.defineProperty(navigator, "onLine", { value: !isOffline, configurable: true });
  try {
    const report = await examine(url, { ...options, ...will });
    if (report.facts.ws?.everOpened === false && warmUrl !== undefined) for (let i = 0; i < warmTimes; i++) await warm(warmUrl);
    return report;
  } catch (error) {
    return { error: String(error) };
  }
}

function warm(url: string): Promise<void> {
  return new Promise((resolve) => {
    const socket = new WebSocket(url, "mqtt");
    socket.onopen = () => socket.close();
    socket.onclose = () => resolve();
    socket.onerror = () => resolve();
  });
}

// As many as the test has orders for at once. A browser has six connections to a host: requests that wait for an order must leave one for
// a report, or all of them wait for ever.
const workers = location.pathname.startsWith("/plain/") ? 4 : 1;
for (let i = 0; i < workers; i++) void work();
