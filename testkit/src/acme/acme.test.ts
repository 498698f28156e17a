import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "node:tls";
import { AcmeRenewal, type BrokerConfigInput, createLogger, loadConfig, type Server, startServer } from "@bowline/broker/internal";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { missingPrograms } from "../system/missing-programs.ts";
import { VirtualClock } from "../virtual/index.ts";
import { closedPort } from "../guides/closed-port.ts";
import { CERTIFICATE_SECONDS, PebbleServer } from "./pebble-server.ts";

/* Certificates ordered of a real ACME server. It refuses one nonce in twenty, as servers may. */

const missing = missingPrograms("pebble", "pebble-challtestsrv");
const NAMES = ["mqtt.example.test", "www.example.test"];
const HOUR_MS = 3_600_000;

const { cache } = createRequire(import.meta.url);
const isClientLoaded = (): boolean => Object.keys(cache).some((file) => file.includes("/acme-client/"));
const wasClientLoaded = isClientLoaded();

let pebble: PebbleServer;
let folder = "";
const lines: Record<string, unknown>[] = [];
let heard = (): void => {};
const logger = createLogger({
  level: "info",
  format: "json",
  destination: {
    write: (text) => {
      lines.push(JSON.parse(text) as Record<string, unknown>);
      heard();
    },
  },
});

/** The next line of the log with this message. */
async function line(message: string): Promise<Record<string, unknown>> {
  for (;;) {
    const found = lines.findIndex((each) => each["message"] === message);
    if (found >= 0) return lines.splice(0, found + 1).at(-1)!;
    await new Promise<void>((resolve) => (heard = resolve));
  }
}

describe.skipIf(missing !== "")(`ACME${missing && ` (${missing})`}`, { timeout: 30_000 }, () => {
  beforeAll(async () => {
    pebble = await PebbleServer.start();
  });
  afterAll(() => pebble?.stop());
  beforeEach(async () => {
    lines.length = 0;
    folder = await mkdtemp(join(tmpdir(), "bowline-acme-"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  describe("a broker", () => {
    let server: Server | undefined;
    afterEach(() => server?.close());

    async function start(acme: Partial<NonNullable<NonNullable<BrokerConfigInput["tls"]>["acme"]>> = {}): Promise<Server> {
      const { directory, trust, httpPort } = pebble;
      const listen = `http://127.0.0.1:${httpPort}`;
      const config = await loadConfig({
        directory: folder,
        overrides: {
          data: "data",
          memory: true,
          console: false,
          listen: ["mqtts://127.0.0.1:0"],
          admin: { listen: "http://127.0.0.1:0" },
          metrics: { open: true },
          tls: { acme: { directory, trust, names: NAMES, email: "ops@example.test", agreeToTerms: true, listen, ...acme } },
        },
      });
      return (server = await startServer({ config, logger, version: "0.0.0" }));
    }

    /** Who vouches for what the broker shows under a name. */
    async function issuerAt(servername: string, ca: string): Promise<string> {
      const socket = connect({ port: Number(new URL(server!.listeners[0]!).port), host: "127.0.0.1", servername, ca });
      await once(socket, "secureConnect");
      const { issuer } = socket.getPeerX509Certificate()!;
      socket.destroy();
      return issuer;
    }

    async function orders(): Promise<string[]> {
      const text = await (await fetch(`${server!.adminOrigin}/metrics`)).text();
      return text.split("\n").filter((each) => each.startsWith("bowline_certificate_orders_total"));
    }

    test("orders one at its start, serves it as soon as it is there, and keeps it for the next start", async () => {
      await start();
      // Whoever names localhost before it is there is answered as always.
      if (lines.every(({ message }) => message !== "certificates reloaded"))
        expect(await issuerAt("localhost", await readFile(join(folder, "data/ca.pem"), "utf8"))).toContain("Bowline local CA");
      await line("certificates reloaded");
      // And goes on to be.
      expect(await issuerAt("localhost", await readFile(join(folder, "data/ca.pem"), "utf8"))).toContain("Bowline local CA");
      const root = await pebble.root();
      for (const name of NAMES) expect(await issuerAt(name, root)).toContain("Pebble");
      expect(await orders()).toEqual([
        'bowline_certificate_orders_total{outcome="succeeded"} 1',
        'bowline_certificate_orders_total{outcome="failed"} 0',
      ]);
      for (const name of ["certificate.pem", "account-key.pem"])
        expect((await stat(join(folder, "data/acme", name))).mode & 0o777).toBe(0o600);

      await server!.close();
      await start();
      expect(await issuerAt(NAMES[0]!, root)).toContain("Pebble");
      // Nothing listens for challenges while nothing is ordered.
      const probe = createServer().listen(pebble.httpPort, "127.0.0.1");
      await once(probe, "listening");
      probe.close();
      expect((await orders())[0]).toMatch(/ 0$/);
    });

    test("a reload with other names orders anew, and the old certificate serves until the new one is there", async () => {
      const { config } = await start({ names: [NAMES[0]!] });
      await line("certificates reloaded");
      const { acme } = config.tls;
      await server!.reload({ ...config, tls: { ...config.tls, acme: { ...acme!, names: NAMES } } });
      await line("certificates reloaded");
      expect(await issuerAt(NAMES[1]!, await pebble.root())).toContain("Pebble");
      expect((await orders())[0]).toMatch(/ 2$/);
    });
  });

  describe("renewal", () => {
    let clock: VirtualClock;
    let renewal: AcmeRenewal;
    let renewed = 0;

    beforeEach(() => {
      clock = new VirtualClock({ wallTime: Date.now() });
      renewed = 0;
      renewal = new AcmeRenewal({
        dataFolder: folder,
        clock,
        logger,
        renewed: () => {
          renewed++;
          return Promise.resolve();
        },
      });
    });
    afterEach(() => renewal.close());

    async function configure(port: number): Promise<void> {
      const { directory, trust } = pebble;
      renewal.configure({ directory, trust, names: NAMES, agreeToTerms: true, listen: `http://127.0.0.1:${port}` });
      await renewal.settled();
    }

    async function pass(ms: number): Promise<void> {
      await clock.advance(ms);
      await renewal.settled();
    }

    const serial = async (): Promise<string> =>
      new X509Certificate(await readFile(join(folder, "acme/certificate.pem"))).serialNumber;

    test("loads what it orders with for an order alone", async () => {
      expect(wasClientLoaded).toBe(false);
      await configure(pebble.httpPort);
      expect(isClientLoaded()).toBe(true);
    });

    test("comes when a third of the certificate's life is left", async () => {
      await configure(pebble.httpPort);
      expect(renewal.counts).toEqual({ succeeded: 1, failed: 0 });
      const first = await serial();
      for (let hours = 0; hours < 15; hours++) await pass(HOUR_MS);
      expect(await serial()).toBe(first);
      for (let hours = 15; hours < (CERTIFICATE_SECONDS * 2) / 3 / 3_600 + 1; hours++) await pass(HOUR_MS);
      expect(await serial()).not.toBe(first);
      expect(renewal.counts).toEqual({ succeeded: 2, failed: 0 });
      expect(renewed).toBe(2);
    });

    test("that fails leaves the old certificate, says why, and is tried again with growing pauses", async () => {
      await configure(pebble.httpPort);
      const first = await serial();
      for (let hours = 0; hours < 15; hours += 5) await pass(5 * HOUR_MS);
      // The authority asks at another port than the one that will answer.
      await configure(await closedPort());
      await pass(5 * HOUR_MS);
      expect(renewal.counts).toEqual({ succeeded: 1, failed: 1 });
      expect(await serial()).toBe(first);
      const said = await line("no certificate was issued; the one in force stays");
      expect(said).toMatchObject({ level: "error", names: NAMES, retryInMs: 60_000 });
      expect(JSON.stringify(said["error"])).toMatch(/ACME_FAILED.*example\.test could not be proved: .*refused/);
      await pass(60_000);
      expect(await line("no certificate was issued; the one in force stays")).toMatchObject({ retryInMs: 600_000 });
      await pass(599_000);
      expect(renewal.counts.failed).toBe(2);
    });

    test("names a port that is taken, and orders when it is free", async () => {
      const blocker = createServer((socket) => socket.destroy()).listen(pebble.httpPort, "127.0.0.1");
      await once(blocker, "listening");
      await configure(pebble.httpPort);
      const { error } = await line("no certificate was issued; the one in force stays");
      expect(JSON.stringify(error)).toMatch(/PORT_IN_USE.*tls\.acme\.listen/);
      blocker.close();
      await once(blocker, "close");
      await pass(60_000);
      expect(renewal.counts).toEqual({ succeeded: 1, failed: 1 });
    });

    test("says what kept it from an authority", async () => {
      const base = { names: NAMES, agreeToTerms: true, listen: `http://127.0.0.1:${pebble.httpPort}` } as const;
      const { directory, trust } = pebble;
      for (const [wrong, reason] of [
        [{ directory: `https://127.0.0.1:${await closedPort()}/dir` }, /ACME_FAILED.*ECONNREFUSED/],
        [{ directory, trust: undefined }, /ACME_FAILED.*unable to verify the first certificate/],
        [{ directory: directory.replace("/dir", "/nothing") }, /ACME_FAILED.*the authority answered 404/],
      ] as const) {
        renewal.configure({ ...base, trust, ...wrong });
        await renewal.settled();
        const { error } = await line("no certificate was issued; the one in force stays");
        expect(JSON.stringify(error)).toMatch(reason);
      }
    });

    test("an authority that issues to its customers alone is shown whose account it is", async () => {
      const customers = { "customer-1": "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W" };
      const strict = await PebbleServer.start(customers);
      try {
        const { directory, trust, httpPort } = strict;
        const base = { directory, trust, names: NAMES, agreeToTerms: true, listen: `http://127.0.0.1:${httpPort}` } as const;
        renewal.configure({ ...base, names: NAMES });
        await renewal.settled();
        const { error } = await line("no certificate was issued; the one in force stays");
        expect(JSON.stringify(error)).toMatch(/ACME_FAILED.*externalAccountRequired/);
        await writeFile(join(folder, "eab.key"), `${customers["customer-1"]}\n`);
        const externalAccount = { id: "customer-1", key: { file: join(folder, "eab.key") } };
        renewal.configure({ ...base, names: NAMES, externalAccount });
        await renewal.settled();
        expect(renewal.counts).toEqual({ succeeded: 1, failed: 1 });
        // The account is made; the authority knows it by its key from then on.
        renewal.configure({ ...base, names: NAMES.slice(0, 1) });
        await renewal.settled();
        expect(renewal.counts.succeeded).toBe(2);
      } finally {
        await strict.stop();
      }
    });

    test("an order that is under way ends with the broker", async () => {
      const hanging = createServer(() => {}).listen(0, "127.0.0.1");
      await once(hanging, "listening");
      const { port } = hanging.address() as { port: number };
      const reached = once(hanging, "connection") as Promise<[{ destroy(): void }]>;
      renewal.configure({
        directory: `https://127.0.0.1:${port}/dir`,
        names: NAMES,
        agreeToTerms: true,
        listen: `http://127.0.0.1:${pebble.httpPort}`,
      });
      const [socket] = await reached;
      await renewal.close();
      expect(renewal.counts).toEqual({ succeeded: 0, failed: 0 });
      expect(clock.pendingTimers).toBe(0);
      socket.destroy();
      hanging.close();
    });
  });
});
