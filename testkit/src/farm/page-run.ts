import { examine } from "@bowline/doctor";
import { mergeOutside, type Report } from "@bowline/doctor/browser";
import type { DoctorPageHost } from "./doctor-page-host.ts";
import type { Farm } from "./farm.ts";
import { type FarmBrowser, openFarmBrowser } from "./farm-browser.ts";
import { type PageRow, toldIn } from "./page-row.ts";

/** What the doctor in a page said of a row, and what it says with the help of another machine. */
export interface Outcome {
  readonly row: PageRow;
  readonly report: Report;
  readonly merged: Report | undefined;
}

const atOnce = 4;

/** One browser that meets rows of the farm. */
export class PageRun {
  readonly outcomes: Outcome[] = [];
  readonly browser: FarmBrowser;
  private readonly name: string;
  private readonly farm: Farm;
  private readonly host: DoctorPageHost;

  private constructor(name: string, farm: Farm, host: DoctorPageHost, browser: FarmBrowser) {
    this.name = name;
    this.farm = farm;
    this.host = host;
    this.browser = browser;
  }

  static async start(name: string, farm: Farm, host: DoctorPageHost): Promise<PageRun> {
    return new PageRun(name, farm, host, await openFarmBrowser(name, farm, host));
  }

  async meetAll(rows: readonly PageRow[]): Promise<void> {
    const together = rows.filter((row) => !this.isAlone(row));
    const next = async (): Promise<void> => {
      for (let row = together.shift(); row !== undefined; row = together.shift()) await this.meet(row);
    };
    await Promise.all(Array.from({ length: atOnce }, next));
    for (const row of rows) if (this.isAlone(row)) await this.meet(row);
  }

  /** Browsers hold a WebSocket back while others of the page fail; and what is said of the whole browser is said for one row. */
  private isAlone(row: PageRow): boolean {
    return toldIn(row, this.name) !== "surely" || row.permission !== undefined || row.isOffline === true;
  }

  private async meet(row: PageRow): Promise<void> {
    const { farm, host, name } = this;
    const { url, options, kind, outside, isOffline = false, skewMs = 0, held = 0 } = row;
    if (row.permission !== undefined) await this.browser.permit?.(row.permission);
    const warmUrl = row.warmUrl ?? `ws://localhost:${farm.port("ws")}/mqtt`;
    const warm = kind === "plain" ? { warmUrl } : {};
    const origin = new URL(host.urlsFor(name)[0]).origin;
    const [report, seen] = await Promise.all([
      host.examine(name, kind, { url, options, ...warm, isOffline, skewMs, held }),
      outside && examine(outside.url, { ...outside.options, origin }),
    ]);
    this.outcomes.push({ row, report, merged: seen && mergeOutside(report, seen) });
  }
}
