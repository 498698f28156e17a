import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { ChromiumPage } from "../browser/chromium-page.ts";
import { missingPrograms, programPath } from "../system/missing-programs.ts";

const run = promisify(execFile);

export interface Browser {
  readonly name: string;
  /** Why it cannot be used here, or the empty text. */
  readonly missing: string;
  /** Shows the page in a profile of its own, which trusts that authority. The answer ends the browser. */
  open(url: string, ca: string): Promise<() => Promise<void>>;
}

export const browsers: readonly Browser[] = [
  { name: "Chromium", missing: missingPrograms("chromium", "certutil"), open: openChromium },
  { name: "Firefox", missing: missingPrograms("firefox-esr", "certutil"), open: openFirefox },
  {
    name: "WebKitGTK",
    missing: miniBrowser() === undefined ? "not on this machine: MiniBrowser" : missingPrograms("Xvfb"),
    open: openWebKit,
  },
];

async function openChromium(url: string, ca: string): Promise<() => Promise<void>> {
  const chromium = await ChromiumPage.open({ trust: [ca] });
  await chromium.page.goto(url);
  return () => chromium.close();
}

/** No first-run page, no telemetry, no updates, and nothing that goes to the network by itself. */
const FIREFOX_PREFERENCES = {
  "app.update.enabled": false,
  "browser.aboutwelcome.enabled": false,
  "browser.shell.checkDefaultBrowser": false,
  "datareporting.policy.dataSubmissionEnabled": false,
  "extensions.update.enabled": false,
  "network.captive-portal-service.enabled": false,
  "network.connectivity-service.enabled": false,
  "services.settings.server": "http://localhost:9/",
  "toolkit.telemetry.enabled": false,
};

async function openFirefox(url: string, ca: string): Promise<() => Promise<void>> {
  const home = await mkdtemp(join(tmpdir(), "bowline-firefox-"));
  const profile = join(home, "profile");
  await mkdir(profile);
  const preferences = Object.entries(FIREFOX_PREFERENCES).map((pair) => `user_pref(${JSON.stringify(pair).slice(1, -1)});`);
  await writeFile(join(profile, "user.js"), preferences.join("\n"));
  await writeFile(join(home, "ca.pem"), ca);
  await run("certutil", ["-d", `sql:${profile}`, "-N", "--empty-password"]);
  await run("certutil", ["-d", `sql:${profile}`, "-A", "-t", "C,,", "-n", "authority", "-i", join(home, "ca.pem")]);
  const firefox = start(programPath("firefox-esr")!, ["--headless", "--no-remote", "--profile", profile, url], home);
  return () => end(home, firefox);
}

/**
 * WebKitGTK asks the system for the authorities to trust, and has no store of its own: it is told not to look at certificates.
 * That our authority is right is shown by the other two.
 */
async function openWebKit(url: string): Promise<() => Promise<void>> {
  const home = await mkdtemp(join(tmpdir(), "bowline-webkit-"));
  const screen = start(programPath("Xvfb")!, ["-displayfd", "1", "-nolisten", "tcp"], home);
  const [display] = (await once(screen.stdout!, "data")) as [Buffer];
  const browser = start(miniBrowser()!, ["--ignore-tls-errors", url], home, { DISPLAY: `:${display.toString().trim()}` });
  return async () => {
    await end(home, browser, screen);
  };
}

/** Debian keeps it beside the library and not among the programs. */
function miniBrowser(): string | undefined {
  const libraries = "/usr/lib";
  const folders = existsSync(libraries) ? readdirSync(libraries).map((name) => join(libraries, name)) : [];
  const paths = [libraries, ...folders].flatMap((folder) =>
    ["webkit2gtk-4.1", "webkitgtk-6.0"].map((name) => join(folder, name, "MiniBrowser")),
  );
  return paths.find((path) => existsSync(path));
}

/** In a process group of its own, since browsers start helpers, and with a home of its own for what they remember. */
function start(file: string, args: readonly string[], home: string, more: Record<string, string> = {}): ChildProcess {
  const kept = Object.entries(process.env).filter(([name]) => !/^(XDG_|SSL_|NSS_|DBUS_)|_proxy$/i.test(name));
  const env = { ...Object.fromEntries(kept), HOME: home, XDG_RUNTIME_DIR: home, MOZ_CRASHREPORTER_DISABLE: "1", ...more };
  return spawn(file, args, { env, detached: true, stdio: ["ignore", "pipe", "ignore"] });
}

async function end(home: string, ...children: readonly ChildProcess[]): Promise<void> {
  for (const child of children) {
    const closed = child.exitCode === null && child.signalCode === null ? once(child, "exit") : undefined;
    killGroup(child.pid);
    await closed;
  }
  // Helpers may still write for a moment.
  await rm(home, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}
