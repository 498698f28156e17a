import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { MosquittoProcess } from "../interop/mosquitto-process.ts";
import { LocalBroker } from "../proxy/local-broker.ts";
import { missingPrograms } from "../system/missing-programs.ts";
import { clientKinds } from "./watched.ts";

// covers: [D2 client] [D2 client mosquitto] [D2 drop-in] [D2 drop-in mosquitto]
// covers: [A6 client] [A6 client mosquitto] [A6 drop-in] [A6 drop-in mosquitto]
// Each scheme at each kind of listener, of our broker and of mosquitto: one failure for each attempt that names what the port speaks.

const missing = missingPrograms("mosquitto", "mosquitto_passwd");
const ATTEMPTS = 2;

let broker: LocalBroker;
let mosquitto: MosquittoProcess | undefined;

beforeAll(async () => {
  broker = await LocalBroker.start();
  if (missing === "") mosquitto = await MosquittoProcess.start();
}, 30_000);
afterAll(async () => {
  await broker.stop();
  await mosquitto?.remove();
});

/** By listener and by the scheme that it was dialled with; "of" names the likeliest of several explanations. */
type Table = Readonly<Record<string, Readonly<Record<string, string>>>>;

// Our broker says in words what its ports speak.
const ours: Table = {
  mqtt: { mqtts: "TLS_TO_HTTP", ws: "WS_TO_TCP", wss: "WSS_TO_WS" },
  mqtts: { mqtt: "PLAIN_TO_TLS", ws: "WS_TO_TLS", wss: "WS_TO_TCP" },
  ws: { mqtt: "MQTT_TO_HTTP", mqtts: "TLS_TO_HTTP", wss: "WSS_TO_WS" },
  wss: { mqtt: "PLAIN_TO_TLS", mqtts: "MQTT_TO_HTTPS", ws: "WS_TO_TLS" },
};
// mosquitto closes most of them without a word.
const mosquittos: Table = {
  mqtt: { mqtts: "TLS_CLOSED of TLS_TO_PLAIN", ws: "WS_TO_TLS of WS_TO_TLS", wss: "TLS_CLOSED of WSS_TO_WS" },
  mqtts: { mqtt: "CONNACK_NONE of PLAIN_TO_TLS", ws: "WS_TO_TLS of WS_TO_TLS", wss: "WS_TO_TCP of WS_TO_TCP" },
  ws: { mqtt: "MQTT_TO_HTTP", mqtts: "TLS_TO_HTTP", wss: "WSS_TO_WS" },
  wss: { mqtt: "CONNACK_NONE of PLAIN_TO_TLS", mqtts: "MQTT_TO_HTTPS", ws: "WS_TO_TLS of WS_TO_TLS" },
};

const rowsOf = (table: Table): readonly (readonly [by: string, listener: string, code: string])[] =>
  Object.entries(table).flatMap(([listener, codes]) => Object.entries(codes).map(([by, code]) => [by, listener, code] as const));

describe.each(clientKinds)("$name", ({ attempt }) => {
  async function expectNamed(by: string, url: string, ca: string, wanted: string): Promise<void> {
    const { isOnline, failures } = await attempt(url.replace(/^\w+/, by), { ca }, ATTEMPTS);
    const named = failures.map(({ code, error }) =>
      wanted.includes(" of ") ? `${code} of ${error.details?.candidates?.[0]}` : code,
    );
    expect([isOnline, named]).toEqual([false, [wanted, wanted]]);
    for (const { msToFail } of failures) expect(msToFail).toBeLessThan(1000);
  }

  test.each(rowsOf(ours))("%s to a %s listener of our broker: %s", (by, listener, code) =>
    expectNamed(by, broker.url(listener), broker.ca, code),
  );

  test.skipIf(missing !== "").each(rowsOf(mosquittos))("%s to a %s listener of mosquitto: %s", (by, listener, code) =>
    expectNamed(by, mosquitto?.url(listener as "mqtt") ?? "", mosquitto?.ca ?? "", code),
  );
});
