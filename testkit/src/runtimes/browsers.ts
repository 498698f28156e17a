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

/** A name that leads to a port of the loopback, in the browser alone. */
export interface NamedPlace {
  readonly host: string;
  readonly port: number;
  /** Where it leads; Firefox leads every name with the same port there. */
  readonly to: number;
}

/** What a browser is to be told beside whom to trust. */
export interface BrowserOptions {
  readonly places?: readonly NamedPlace[];
  /** Loopback ports that count as the public network's, so that their pages need permission for this machine. */
  readonly publicPorts?: readonly number[];
}

export interface Browser {
  readonly name: string;
  /** Why it cannot be used here, or the empty text. */
  readonly missing: string;
  /** Shows the page in a profile of its own, which trusts that authority. The answer ends the browser. */
  open(url: string, ca: string, options?: BrowserOptions): Promise<() => Promise<void>>;
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

async function openChromium(url: string, ca: string, options: BrowserOptions = {}): Promise<() => Promise<void>> {
  const chromium = await ChromiumPage.open({ trust: [ca], flags: chromiumFlagsFor(options) });
  await chromium.page.goto(url);
  return () => chromium.close();
}

export function chromiumFlagsFor({ places = [], publicPorts = [] }: BrowserOptions): readonly string[] {
  const rules = places.map(({ host, port, to }) => `MAP ${host}:${port} 127.0.0.1:${to}`).join();
  const spaces = publicPorts.map((port) => `127.0.0.1:${port}=public`).join();
  return [
    ...(rules === "" ? [] : [`--host-resolver-rules=${rules}`]),
    ...(spaces === "" ? [] : [`--ip-address-space-overrides=${spaces}`]),
  ];
}

function firefoxPreferencesFor({ places = [], publicPorts = [] }: BrowserOptions): Readonly<Record<string, unknown>> {
  const ports = new Map(places.map(({ port, to }) => [port, to]));
  return {
    // The farm listens on 127.0.0.1 alone, and each try of ::1 costs a quarter of a second.
    "network.dns.disableIPv6": true,
    "network.dns.localDomains": [...new Set(places.map(({ host }) => host))].join(),
    "network.socket.forcePort": [...ports].flatMap(([port, to]) => (port === to ? [] : [`${port}=${to}`])).join(";"),
    "network.lna.enabled": true,
    "network.lna.blocking": true,
    "network.lna.websocket.enabled": true,
    "network.lna.address_space.public.override": publicPorts.map((port) => `127.0.0.1:${port}`).join(),
    // Denied by the user for every page; nobody is there to be asked.
    "permissions.default.loopback-network": 2,
  };
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

/** URLs with a space between them are opened in a tab each. */
async function openFirefox(url: string, ca: string, options?: BrowserOptions): Promise<() => Promise<void>> {
  const home = await mkdtemp(join(tmpdir(), "bowline-firefox-"));
  const profile = join(home, "profile");
  await mkdir(profile);
  const all = options === undefined ? FIREFOX_PREFERENCES : { ...FIREFOX_PREFERENCES, ...firefoxPreferencesFor(options) };
  const preferences = Object.entries(all).map((pair) => `user_pref(${JSON.stringify(pair).slice(1, -1)});`);
  await writeFile(join(profile, "user.js"), preferences.join("\n"));
  await writeFile(join(home, "ca.pem"), ca);
  await run("certutil", ["-d", `sql:${profile}`, "-N", "--empty-password"]);
  await run("certutil", ["-d", `sql:${profile}`, "-A", "-t", "C,,", "-n", "authority", "-i", join(home, "ca.pem")]);
  const firefox = start(programPath("firefox-esr")!, ["--headless", "--no-remote", "--profile", profile, ...url.split(" ")], home);
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
