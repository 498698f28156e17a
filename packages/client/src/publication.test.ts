import { expect, test } from "vitest";
import { MqttError } from "@bowline/protocol";
import { PendingPublication, type Publication, SUCCESS, sentPublication } from "./publication.ts";

/** Whether the event loop had a turn while a loop did nothing but await publications. */
async function hadATurn(publish: () => Publication): Promise<boolean> {
  let isTurned = false;
  setImmediate(() => {
    isTurned = true;
  });
  for (let n = 0; n < 2_000 && !isTurned; n++) await publish();
  return isTurned;
}

test("a loop that awaits QoS 0 messages leaves the event loop its turns", async () => {
  expect(await hadATurn(() => sentPublication)).toBe(true);
});

test("so does one of QoS 0 messages that are remembered and leave at once", async () => {
  const publishRetained = (): Publication => {
    const publication = new PendingPublication(new Uint8Array([0x61]), new Uint8Array(1), 0, true, undefined, 0);
    publication.settle(SUCCESS);
    return publication;
  };
  expect(await hadATurn(publishRetained)).toBe(true);
});

test("catch awaits it, as that of a promise does", async () => {
  const failed = new PendingPublication(new Uint8Array([0x61]), new Uint8Array(1), 1, false, undefined, 0);
  failed.settle(new MqttError("ABORTED"));
  expect(await failed.catch((error) => (error as MqttError).code)).toBe("ABORTED");
  expect(failed.isHeard).toBe(true);
  expect(await sentPublication.catch(() => "never")).toBe(SUCCESS);
});
