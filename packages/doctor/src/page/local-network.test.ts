import { afterEach, expect, test, vi } from "vitest";
import { isLoopback, localNetworkAccess } from "./local-network.ts";
import { unusableOptions } from "./page-options.ts";

afterEach(() => vi.unstubAllGlobals());

function browser(hostname: string, states: Readonly<Record<string, string>>): void {
  vi.stubGlobal("location", { hostname });
  const query = ({ name }: { name: string }): Promise<{ state: string }> => {
    const state = states[name];
    return state === undefined ? Promise.reject(new TypeError("no such permission")) : Promise.resolve({ state });
  };
  vi.stubGlobal("navigator", { permissions: { query } });
}

const answers = (...hosts: readonly string[]): Promise<readonly (string | undefined)[]> =>
  Promise.all(hosts.map(localNetworkAccess));

test("the permission for this machine and the one for its network are told apart, and a name may need either", async () => {
  browser("page.example", { "local-network-access": "granted", "local-network": "granted", "loopback-network": "denied" });
  expect(await answers("127.0.0.1", "localhost", "192.168.1.2", "broker.example")).toEqual([
    "denied",
    "denied",
    "granted",
    "denied",
  ]);
  browser("page.example", { "local-network-access": "granted", "local-network": "prompt", "loopback-network": "granted" });
  expect(await answers("127.0.0.1", "10.0.0.7", "broker.example")).toEqual(["granted", "prompt", "prompt"]);
});

test("where there is only the older one, it stands for both", async () => {
  browser("page.example", { "local-network-access": "prompt" });
  expect(await answers("127.0.0.1", "192.168.1.2", "broker.example")).toEqual(["prompt", "prompt", "prompt"]);
});

test("nothing is told by a browser that has no such permission, nor for a page that comes from as near", async () => {
  browser("page.example", {});
  expect(await answers("127.0.0.1")).toEqual([undefined]);
  const denied = { "local-network": "denied", "loopback-network": "denied" };
  browser("localhost", denied);
  expect(await answers("127.0.0.1", "192.168.1.2", "broker.example")).toEqual([undefined, undefined, undefined]);
  browser("192.168.1.9", denied);
  expect(await answers("127.0.0.1", "192.168.1.2", "broker.example")).toEqual(["denied", undefined, "denied"]);
  expect([isLoopback("acme.localhost"), isLoopback("[::1]"), isLoopback("127.0.0.9"), isLoopback("localhost.example")]).toEqual([
    true,
    true,
    true,
    false,
  ]);
});

test("options that no page can set are named, and those that are not given are not", () => {
  expect(unusableOptions({ username: "ann", ca: "PEM", serverName: undefined, insecure: true })).toEqual(["ca", "insecure"]);
});
