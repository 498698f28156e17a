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

test("a denied permission is told under each of its names, and one that is asked for as well", async () => {
  browser("page.example", { "local-network-access": "prompt" });
  expect(await localNetworkAccess()).toBe("prompt");
  browser("page.example", { "local-network": "granted", "loopback-network": "denied" });
  expect(await localNetworkAccess()).toBe("denied");
});

test("nothing is told by a browser that has no such permission, nor for a page of this machine", async () => {
  browser("page.example", {});
  expect(await localNetworkAccess()).toBeUndefined();
  browser("localhost", { "local-network-access": "denied" });
  expect(await localNetworkAccess()).toBeUndefined();
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
