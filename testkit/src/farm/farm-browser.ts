import { ChromiumPage } from "../browser/chromium-page.ts";
import { type BrowserOptions, browsers, chromiumFlagsFor } from "../runtimes/browsers.ts";
import { cloudHosts, pageHost } from "./certificates.ts";
import type { DoctorPageHost } from "./doctor-page-host.ts";
import type { Farm } from "./farm.ts";
import type { PageRow } from "./page-row.ts";

/** A browser with the pages of the farm's doctor. */
export interface FarmBrowser {
  /** What it wrote to its console of a WebSocket to that address, first of all; none where nobody can read it. */
  consoleLine?(url: string): string | undefined;
  /** What its user says to the page from elsewhere. */
  permit?(permission: NonNullable<PageRow["permission"]>): Promise<void>;
  end(): Promise<void>;
}

/** The names of providers lead to the farm, and a page on the secure port counts as one of the public network. */
function optionsFor(farm: Farm, { securePort }: DoctorPageHost): BrowserOptions {
  const to = farm.port("clouds");
  const { aws, oldAws, emqx, hiveMq, azure, alias } = cloudHosts;
  const at = (port: number, ...hosts: readonly string[]) => hosts.map((host) => ({ host, port, to }));
  const clouds = [...at(443, aws, oldAws, azure), ...at(8084, emqx, alias), ...at(8884, hiveMq)];
  return { places: [...clouds, { host: pageHost, port: securePort, to: securePort }], publicPorts: [securePort] };
}

export async function openFarmBrowser(name: string, farm: Farm, host: DoctorPageHost): Promise<FarmBrowser> {
  const ca = farm.certificates.root.cert;
  const options = optionsFor(farm, host);
  const urls = host.urlsFor(name);
  if (name === "Chromium") return openChromium(urls, ca, options);
  const browser = browsers.find((one) => one.name === name)!;
  return { end: await browser.open(urls.join(" "), ca, options) };
}

async function openChromium(urls: readonly string[], ca: string, options: BrowserOptions): Promise<FarmBrowser> {
  const chromium = await ChromiumPage.open({ trust: [ca], flags: chromiumFlagsFor(options) });
  const context = chromium.page.context();
  await chromium.page.goto(urls[0]!);
  const distant = await context.newPage();
  await distant.goto(urls[1]!);
  const control = await context.browser()!.newBrowserCDPSession();
  const { targetInfos } = await control.send("Target.getTargets");
  const browserContextId = targetInfos.find(({ url }) => url === urls[1])?.browserContextId;
  const origin = new URL(urls[1]!).origin;
  return {
    consoleLine: (url) => chromium.messages.find((line) => line.includes(`WebSocket connection to '${url}' failed`)),
    permit: async (setting) => {
      for (const name of ["loopback-network", "local-network"]) {
        const permission = { name };
        await control.send("Browser.setPermission", {
          permission,
          setting,
          origin,
          ...(browserContextId === undefined ? {} : { browserContextId }),
        });
      }
    },
    end: () => chromium.close(),
  };
}
