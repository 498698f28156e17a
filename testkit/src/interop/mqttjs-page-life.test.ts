import { type HostWatcher, platform } from "@bowline/client/internal";
import { PacketType } from "@bowline/protocol";
import { afterEach, describe, expect, test, vi } from "vitest";
import { runWith, type Stage } from "./mqttjs-both.ts";

// What a page tells the drop-in of its life, told here by the test; a real page is in testkit/src/browser.

/** Those who watch the host now. */
function watched(): Set<HostWatcher> {
  const watchers = new Set<HostWatcher>();
  vi.spyOn(platform, "watchHost").mockImplementation((watcher) => {
    watchers.add(watcher);
    return () => watchers.delete(watcher);
  });
  return watchers;
}

afterEach(() => vi.restoreAllMocks());

describe("a page that goes", () => {
  const online = async ({ connect, recording: { until } }: Stage, onPageHide?: "disconnect" | "will"): Promise<void> => {
    connect(onPageHide === undefined ? {} : { bowline: { onPageHide } });
    await until("connect");
  };
  const goodbyes = ({ server }: Stage): number => server.received.filter(({ type }) => type === PacketType.DISCONNECT).length;

  test("says goodbye with `disconnect`, and comes back", async () => {
    const watchers = watched();
    await runWith("ours", async (stage) => {
      await online(stage, "disconnect");
      for (const watcher of watchers) watcher.hide("kept");
      await stage.recording.until("connect", 2);
      expect(goodbyes(stage)).toBe(1);
    });
  });

  test("cuts with `will` when it is frozen after it was left, and not before", async () => {
    const watchers = watched();
    const lines = await runWith("ours", async (stage) => {
      await online(stage, "will");
      for (const watcher of watchers) watcher.hide("kept");
      expect(stage.recording.lines).not.toContain("close");
      for (const watcher of watchers) watcher.hide("frozen");
      await stage.recording.until("connect", 2);
      expect(goodbyes(stage)).toBe(0);
    });
    expect(lines).toContain("reconnect");
  });

  test("does nothing of itself, as MQTT.js", async () => {
    const watchers = watched();
    await runWith("ours", async (stage) => {
      await online(stage);
      for (const how of ["kept", "frozen", "gone"] as const) for (const watcher of watchers) watcher.hide(how);
      await new Promise(setImmediate);
      expect(stage.recording.lines).not.toContain("close");
      expect(goodbyes(stage)).toBe(0);
    });
  });
});
