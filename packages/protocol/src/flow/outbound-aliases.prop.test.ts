import * as fc from "fast-check";
import { expect, test } from "vitest";
import { InboundAliases } from "./inbound-aliases.ts";
import { OutboundAliases } from "./outbound-aliases.ts";

// Whatever is sent, in whatever order, and whichever packets turn out too large to be written: the receiver's table resolves every
// alias to the topic that was meant, and no alias is 0 or above the maximum. [MQTT-3.3.2-8] [MQTT-3.3.2-11]

test("[MQTT-3.3.2-11] [MQTT-3.3.2-9] the receiver's table always says the topic that was meant", () => {
  const topic = fc.string({ unit: fc.constantFrom("a", "b", "/"), minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 6 }),
      fc.constantFrom("auto" as const, "always" as const),
      fc.array(fc.record({ topic, isWritten: fc.boolean() }), { maxLength: 200, size: "max" }),
      (maximum, policy, messages) => {
        const sender = new OutboundAliases({ maximum, policy });
        const receiver = new InboundAliases();
        for (const message of messages) {
          const bytes = new TextEncoder().encode(message.topic);
          const known = sender.find(bytes, 0, bytes.length);
          if (known !== 0) {
            expect(new TextDecoder().decode(receiver.get(known))).toBe(message.topic);
            if (message.isWritten) sender.used(known);
            continue;
          }
          const alias = sender.propose(bytes.length);
          expect(alias).toBeLessThanOrEqual(maximum);
          if (alias === 0 || !message.isWritten) continue;
          receiver.set(alias, bytes, 0, bytes.length);
          sender.assign(alias, bytes, 0, bytes.length);
        }
      },
    ),
  );
});

test("always is the least recently used of the maximum, as a plain list would choose", () => {
  const topic = fc.string({ unit: fc.constantFrom("a", "b", "c"), minLength: 1, maxLength: 2 });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5 }), fc.array(topic, { maxLength: 200, size: "max" }), (maximum, topics) => {
      const aliases = new OutboundAliases({ maximum, policy: "always" });
      let recent: string[] = [];
      for (const name of topics) {
        const bytes = new TextEncoder().encode(name);
        const known = aliases.find(bytes, 0, bytes.length);
        expect(known !== 0).toBe(recent.includes(name));
        if (known !== 0) aliases.used(known);
        else aliases.assign(aliases.propose(bytes.length), bytes, 0, bytes.length);
        recent = [name, ...recent.filter((other) => other !== name)].slice(0, maximum);
      }
    }),
  );
});
