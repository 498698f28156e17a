import { CaseList } from "../../case.ts";
import type { BrokerContext } from "../broker-context.ts";

/** Which topics a Topic Filter matches. */
export const matchingCases: CaseList<BrokerContext> = new CaseList("matching");

for (const [filter, matching, others] of [
  ["X/+", ["X/a", "X/"], ["X", "X/a/b", "Y/a"]],
  ["X/#", ["X", "X/", "X/a", "X/a/b/c"], ["Xa", "Y/X"]],
  ["X/+/c", ["X/a/c", "X//c"], ["X/c", "X/a/b/c", "X/a/C"]],
  ["+/X", ["a/X", "/X"], ["X", "a/b/X"]],
  ["X//+", ["X//a", "X//"], ["X/a", "X//a/b"]],
  ["X/a", ["X/a"], ["X/A", "x/a", "X/a/", "/X/a", "X/a "]],
  ["X/+/#", ["X/a", "X/a/b", "X/"], ["X"]],
] as const) {
  matchingCases.both(
    `match-${filter}`,
    `[MQTT-4.7.1-1] [MQTT-4.7.1-2] [MQTT-3.3.2-3] [MQTT-4.7.3-4] [v3 MQTT-4.7.1-2] [v3 MQTT-4.7.1-3] [v3 MQTT-3.3.2-3] [v3 MQTT-4.7.3-4] ${filter} matches ${matching.join(", ")} and not ${others.join(", ")}`,
    async (t) => {
      t.requires(t.server.hasWildcards, "wildcards");
      // X is a level of the case's own, so that a filter which begins with a wildcard sees no other case.
      const own = t.clientId("level");
      const real = (text: string): string => text.replace("X", own).replace("x", own.toUpperCase()).replace("Y", `${own}y`);
      const client = await t.connect();
      await client.subscribe([
        [real(filter), 1],
        [t.topic("end"), 1],
      ]);
      const publisher = await t.connect();
      for (const topic of [...others, ...matching]) await publisher.publish({ topic: real(topic), qos: 1 });
      await publisher.publish({ topic: t.topic("end"), qos: 1 });
      for (const topic of [...matching.map(real), t.topic("end")]) await client.receive({ topic });
    },
  );
}

for (const filter of ["#", "+/X"]) {
  matchingCases.both(
    `dollar-${filter === "#" ? "hash" : "plus"}`,
    `[MQTT-4.7.2-1] [v3 MQTT-4.7.2-1] ${filter} does not match a Topic Name that begins with $`,
    async (t) => {
      t.requires(t.server.hasWildcards, "wildcards");
      const own = t.clientId("level");
      const client = await t.connect();
      await client.subscribe([
        [filter.replace("X", own), 0],
        [`$own/${own}`, 0],
      ]);
      const publisher = await t.connect();
      await publisher.publish({ topic: `$other/${own}`, payload: "not for wildcards" });
      await publisher.publish({ topic: `$own/${own}`, payload: own });
      await publisher.publish({ topic: `end/${own}`, payload: `${own} end` });
      // Under # come the messages of other cases too.
      const seen: string[] = [];
      while (seen.at(-1) !== `${own} end`) {
        const message = await client.expect("PUBLISH");
        if (message.topic?.endsWith(own)) seen.push(message.payload?.toString() ?? "");
        t.check(
          !message.topic?.startsWith("$") || message.topic === `$own/${own}`,
          "no topic with $ under a wildcard",
          message.topic ?? "",
        );
      }
      t.check(
        seen.every((payload) => payload.startsWith(own)),
        "what $own and end got",
        seen,
      );
    },
  );
}

matchingCases.both(
  "dollar-by-name",
  "[MQTT-4.7.2-1] [v3 MQTT-4.7.2-1] a filter that begins with $ matches topics that do",
  async (t) => {
    const own = t.clientId("level");
    const client = await t.subscriber(`$own/${own}/#`);
    const publisher = await t.connect();
    await publisher.publish({ topic: `$own/${own}/a`, payload: "dollar" });
    await client.expect("PUBLISH", { topic: `$own/${own}/a` });
  },
);

matchingCases.both("deep-topic", "[MQTT-4.7.3-4] [v3 MQTT-4.7.3-4] a topic of 100 levels is matched", async (t) => {
  const topic = `${t.topic()}${"/x".repeat(97)}`;
  const client = await t.connect();
  await client.subscribe([
    [topic, 0],
    [`${t.topic("other")}/#`, 0],
  ]);
  const publisher = await t.connect();
  await publisher.publish({ topic });
  await client.expect("PUBLISH", { topic });
});
