import { attempt } from "../attempt.ts";
import type { Settings } from "../settings.ts";
import type { Budget } from "../budget.ts";

const usualPaths = ["/mqtt", "/", "/ws", "/mqtt/"];

/** Which of the usual paths takes a WebSocket, where the one that was given does not. */
export async function findPath(settings: Settings, budget: Budget): Promise<string | undefined> {
  const others = usualPaths.filter((path) => path !== settings.path.replace(/\?.*/s, ""));
  const opens = await Promise.all(
    others.map(async (path) => {
      const { facts, talk } = await attempt({ ...settings, path, username: undefined, password: undefined, headers: {} }, budget);
      talk?.destroy();
      return facts.ws?.everOpened === true;
    }),
  );
  return others[opens.indexOf(true)];
}
