import { expect, test } from "vitest";
import type { Subscription } from "../sessions/session.ts";
import { WithheldLedger, withheldFrom } from "./withheld-ledger.ts";

/** Subscriptions whose connections write down what they are told. */
function setUp(length: number) {
  const told: string[] = [];
  const subscriptions = Array.from({ length }, (_, i): Subscription => {
    const connection = {
      withheld: (topic: string, _filter: string, _qos: number, times: number) => told.push(`${i} ${topic} ${times}`),
    };
    return { session: { connection }, qos: 1, topicFilter: "#" } as unknown as Subscription;
  });
  return { ledger: new WithheldLedger(), subscriptions, told };
}

test("messages are counted, and told of together", () => {
  const { ledger, subscriptions, told } = setUp(2);
  const withheld = withheldFrom("t", subscriptions)!;
  for (let i = 0; i < 1_000; i++) ledger.count(withheld, 2);
  ledger.countOne("kept", subscriptions[0]!);
  ledger.countOne("kept", subscriptions[0]!);
  expect(told).toEqual([]);
  ledger.tell();
  expect(told).toEqual(["0 t 2000", "1 t 2000", "0 kept 2"]);
  ledger.tell();
  expect(told).toHaveLength(3);
  ledger.count(withheld, 1);
  ledger.tell();
  expect(told.slice(3)).toEqual(["0 t 1", "1 t 1"]);
});

test("of many topics and subscriptions the first are told of; what was not told of is still counted", () => {
  const { ledger, subscriptions, told } = setUp(100);
  const topics = Array.from({ length: 30 }, (_, i) => withheldFrom(`t${i}`, subscriptions)!);
  for (const topic of topics) ledger.count(topic, 1);
  ledger.tell();
  expect(told).toHaveLength(20 * 8);
  told.length = 0;
  ledger.count(topics[29]!, 1);
  ledger.tell();
  expect(told[0]).toBe("0 t29 2");
  expect(withheldFrom("t", [])).toBeUndefined();
});
