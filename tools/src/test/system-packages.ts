import { accessSync, constants, existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runCommand } from "../run-command.ts";

/** A program that some test needs, the Debian package that brings it, and the service which that package would start. */
interface SystemPackage {
  readonly name: string;
  /** Its name, or for what is no program the whole path of a file. */
  readonly program: string;
  readonly service?: string;
}

const wanted: readonly SystemPackage[] = [
  { name: "chromium", program: "chromium" },
  { name: "firefox-esr", program: "firefox-esr" },
  { name: "fish", program: "fish" },
  { name: "gcc", program: "gcc" },
  { name: "haproxy", program: "haproxy", service: "haproxy" },
  { name: "libc6-dev", program: "/usr/include/stdio.h" },
  { name: "libnginx-mod-stream", program: "/usr/lib/nginx/modules/ngx_stream_module.so" },
  { name: "libnss3-tools", program: "certutil" },
  { name: "mosquitto", program: "mosquitto", service: "mosquitto" },
  { name: "mosquitto-clients", program: "mosquitto_pub" },
  { name: "nginx-light", program: "nginx", service: "nginx" },
  { name: "openssl", program: "openssl" },
  { name: "pebble", program: "pebble" },
  { name: "webkit2gtk-driver", program: "WebKitWebDriver" },
  { name: "xvfb", program: "Xvfb" },
  { name: "zsh", program: "zsh" },
];

/**
 * Installs what is missing where that is possible (as root, with apt-get), and says what still is.
 * @returns the names of the packages that are still missing; tests that need them skip themselves.
 */
export async function provideSystemPackages(): Promise<readonly string[]> {
  const missing = wanted.filter((item) => !hasProgram(item.program));
  if (missing.length === 0) return [];
  if (process.getuid?.() === 0 && hasProgram("apt-get")) await install(missing);
  const still = missing.filter((item) => !hasProgram(item.program)).map((item) => item.name);
  if (still.length > 0)
    console.log(`Missing, so that tests are skipped. As root: apt-get install --no-install-recommends ${still.join(" ")}`);
  return still;
}

async function install(packages: readonly SystemPackage[]): Promise<void> {
  const names = packages.map((item) => item.name);
  console.log(`Installing with apt: ${names.join(" ")}`);
  const environment = ["DEBIAN_FRONTEND=noninteractive"];
  await withoutStartingServices(async () => {
    await tell(["env", ...environment, "apt-get", "update", "-q"]);
    await tell(["env", ...environment, "apt-get", "install", "-q", "-y", "--no-install-recommends", ...names]);
  });
  // Not started now is not enough: what we bring for tests must not listen after the next boot either.
  const services = packages.flatMap((item) => item.service ?? []);
  if (existsSync("/run/systemd/system") && services.length > 0) await tell(["systemctl", "disable", ...services]);
}

async function tell([file = "", ...args]: readonly string[]): Promise<void> {
  const result = await runCommand(file, args);
  if (result.code !== 0) console.log(`${file} ${args.join(" ")} failed:\n${result.output}`);
}

/** Debian asks this script before it starts a service; 101 means no. One that the machine has already is left alone. */
async function withoutStartingServices(work: () => Promise<void>): Promise<void> {
  const policy = "/usr/sbin/policy-rc.d";
  const isOurs = !existsSync(policy);
  if (isOurs) writeFileSync(policy, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
  try {
    await work();
  } finally {
    if (isOurs) rmSync(policy, { force: true });
  }
}

/** Servers live in sbin, which the path of an ordinary user lacks. */
function hasProgram(program: string): boolean {
  if (program.startsWith("/")) return existsSync(program);
  const folders = [...(process.env["PATH"] ?? "").split(":"), "/usr/sbin", "/usr/local/sbin"];
  return folders.some((folder) => isExecutable(join(folder, program)));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
