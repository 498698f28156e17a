import type { Script, SimEvent } from "./script.ts";

/**
 * The shortest history that still fails: takes out ever smaller pieces of the events as long as what is left fails (delta
 * debugging), then single ones until none can go, then pulls the rest together in time.
 *
 * @param fails Runs a script; it must be a function of the script alone.
 * @param budget Runs to spend at most.
 */
export async function shrinkScript(
  script: Script,
  fails: (script: Script) => Promise<boolean>,
  budget: number = 600,
): Promise<Script> {
  let left = budget;
  const stillFails = async (events: SimEvent[]): Promise<boolean> => left-- > 0 && fails({ ...script, events });
  let events = script.events;
  for (let size = Math.ceil(events.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let hasShrunk = true; hasShrunk; ) {
      hasShrunk = false;
      for (let at = 0; at < events.length; ) {
        const rest = [...events.slice(0, at), ...events.slice(at + size)];
        if (await stillFails(rest)) {
          events = rest;
          hasShrunk = true;
        } else at += size;
      }
      // Only the smallest size is repeated until nothing changes: larger ones are tried again by it.
      if (size > 1) break;
    }
  }
  for (let at = 1; at < events.length; at++) {
    const gap = events[at]!.at - events[at - 1]!.at;
    if (gap === 0) continue;
    for (const shorter of [0, 50]) {
      if (shorter >= gap) continue;
      const pulled = events.map((event, i) => (i < at ? event : { ...event, at: event.at - gap + shorter }));
      if (!(await stillFails(pulled))) continue;
      events = pulled;
      break;
    }
  }
  return { ...script, events };
}
