import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Browser, chromium, type Page } from "playwright-core";
import { programPath } from "../system/missing-programs.ts";
import { chromiumFlags } from "./chromium-flags.ts";

const run = promisify(execFile);

export interface ChromiumPageOptions {
  /** PEM files of authorities to trust; the browser trusts no others of ours. */
  trust?: readonly string[];
  /** Flags beside the usual ones. */
  flags?: readonly string[];
}

/** One page of a Chromium with a home, a profile and a certificate store of its own. Needs `chromium` and `certutil`. */
export class ChromiumPage {
  readonly page: Page;
  /** Errors that nobody caught and what the page wrote to its console, to show when a test fails. */
  readonly messages: readonly string[];
  private readonly browser: Browser;
  private readonly home: string;

  private constructor(browser: Browser, page: Page, home: string) {
    const messages: string[] = [];
    page.on("pageerror", (error) => messages.push(String(error)));
    page.on("console", (message) => messages.push(`${message.type()}: ${message.text()}`));
    this.messages = messages;
    this.browser = browser;
    this.page = page;
    this.home = home;
  }

  static async open(options: ChromiumPageOptions = {}): Promise<ChromiumPage> {
    const home = await mkdtemp(join(tmpdir(), "bowline-chromium-"));
    try {
      await makeCertificateStore(home, options.trust ?? []);
      const executablePath = programPath("chromium");
      if (executablePath === undefined) throw new Error("chromium is not on this machine");
      // Its own home also keeps what the browser remembers away from the user's.
      const browser = await chromium.launch({
        executablePath,
        args: [...chromiumFlags, ...(options.flags ?? [])],
        env: { ...environment(), HOME: home },
      });
      const context = await browser.newContext({ ignoreHTTPSErrors: false });
      return new ChromiumPage(browser, await context.newPage(), home);
    } catch (error) {
      await removeHome(home);
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.browser.close();
    await removeHome(this.home);
  }
}

/** The store Chromium reads on Linux. */
async function makeCertificateStore(home: string, trust: readonly string[]): Promise<void> {
  const store = join(home, ".pki/nssdb");
  await mkdir(store, { recursive: true });
  const database = ["-d", `sql:${store}`];
  await run("certutil", [...database, "-N", "--empty-password"]);
  for (const [index, pem] of trust.entries()) {
    const file = join(home, `authority-${index}.pem`);
    await writeFile(file, pem);
    await run("certutil", [...database, "-A", "-t", "C,,", "-n", `authority ${index}`, "-i", file]);
  }
}

/** Settings that would lead the browser to another store, profile or proxy are left out. */
function environment(): Record<string, string> {
  const kept = Object.entries(process.env).filter(([name]) => !/^(XDG_|SSL_|NSS_)|_proxy$/i.test(name));
  return Object.fromEntries(kept) as Record<string, string>;
}

function removeHome(home: string): Promise<void> {
  // The browser's helpers may still write for a moment after it ended.
  return rm(home, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
}
