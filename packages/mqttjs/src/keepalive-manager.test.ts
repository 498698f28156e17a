import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { KeepaliveManager } from "./keepalive-manager.ts";
import type { Timer } from "./options.ts";

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

const kept = () => ({ keepalive: 10, sendPing: vi.fn<() => void>(), onKeepaliveTimeout: vi.fn<() => void>() });

test("it pings at the Keep Alive, and cuts half of it later", () => {
  const client = kept();
  const manager = new KeepaliveManager(client, "auto");
  vi.advanceTimersByTime(9999);
  expect(client.sendPing).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(client.sendPing).toHaveBeenCalledOnce();
  vi.advanceTimersByTime(5000);
  expect(client.onKeepaliveTimeout).toHaveBeenCalledOnce();
  manager.destroy();
  manager.reschedule();
  expect(vi.getTimerCount()).toBe(0);
});

test("rescheduled in time it does nothing", () => {
  const client = kept();
  const manager = new KeepaliveManager(client, "native");
  for (let i = 0; i < 5; i++) {
    vi.advanceTimersByTime(6000);
    manager.reschedule();
  }
  expect(client.sendPing).not.toHaveBeenCalled();
  expect(manager.keepaliveTimeoutTimestamp).toBe(Date.now() + 15_000);
});

test("a timer of the application's is used and given back", () => {
  const timer = { set: vi.fn<Timer["set"]>(() => 123), clear: vi.fn<Timer["clear"]>() };
  const manager = new KeepaliveManager(kept(), timer);
  expect(timer.set).toHaveBeenCalledWith(expect.any(Function), 5000);
  manager.destroy();
  expect(timer.clear).toHaveBeenCalledWith(123);
});

test.each([-1, 0, Number.NaN, 2_147_483_648])("a Keep Alive of %d is none", (value) => {
  const manager = new KeepaliveManager(kept());
  expect(() => manager.setKeepalive(value)).toThrow(/must be an integer between 0 and 2147483647/);
});
