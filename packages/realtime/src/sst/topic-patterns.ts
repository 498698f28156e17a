/**
 * MQTT's topic filters as resources of policies. `*` of a policy goes over levels, and `+` and `#` stand for themselves there: so a filter
 * becomes what may be written in SUBSCRIBE, and, apart from it, what may arrive.
 */

/**
 * What may be subscribed to: the filter itself. `a/#` allows every filter below `a` too; `a/+/c` no other, since a policy cannot end at a
 * level.
 */
export function subscribePatterns(topic: string): string[] {
  if (topic === "#") return ["*"];
  if (!topic.endsWith("/#")) return [topic];
  const parent = topic.slice(0, -2);
  return hasLevelWildcard(parent) ? [topic] : [parent, `${parent}/*`];
}

/** What may arrive by it. With `+` it is more than the filter matches, and the subscription is what keeps it within. */
export function receivePatterns(topic: string): string[] {
  if (topic === "#") return ["*"];
  const wide = topic.replace(/(^|\/)\+(?=\/|$)/g, "$1*");
  return wide.endsWith("/#") ? [wide.slice(0, -2), `${wide.slice(0, -2)}/*`] : [wide];
}

/**
 * What may be published to. `+` has no like in policies: a topic with it is left as it is, and allows nothing, which `bowline realtime
 * check` says.
 */
export function publishPatterns(topic: string): string[] {
  return hasLevelWildcard(topic) ? [topic] : receivePatterns(topic);
}

function hasLevelWildcard(topic: string): boolean {
  return topic.split("/").includes("+");
}
