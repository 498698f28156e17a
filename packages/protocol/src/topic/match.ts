/**
 * Whether a Topic Filter matches a Topic Name, read straight off MQTT 5.0 section 4.7. The indexes of this folder are tested
 * against it; whoever has a handful of filters uses it directly. Both are taken as valid; of a shared subscription the caller
 * passes only the filter behind the ShareName.
 */
export function matches(topicFilter: string, topicName: string): boolean {
  const filter = topicFilter.split("/");
  const topic = topicName.split("/");
  // [MQTT-4.7.2-1]
  if (topicName.startsWith("$") && isWildcard(filter[0])) return false;
  for (const [i, level] of filter.entries()) {
    // Also when the topic ends here: "a/#" matches "a", its parent level.
    if (level === "#") return true;
    if (i >= topic.length) return false;
    if (level !== "+" && level !== topic[i]) return false;
  }
  return filter.length === topic.length;
}

/** Whether every Topic Name that filter `inner` matches is matched by filter `outer` too. */
export function covers(outer: string, inner: string): boolean {
  const a = outer.split("/");
  const b = levelsOfRealTopics(inner);
  if (isWildcard(a[0]) && inner.startsWith("$")) return false;
  for (const [i, level] of a.entries()) {
    if (level === "#") return true;
    if (i >= b.length || b[i] === "#") return false;
    if (level !== "+" && level !== b[i]) return false;
  }
  return a.length === b.length;
}

/** Whether some Topic Name is matched by both filters. */
export function overlaps(one: string, other: string): boolean {
  const a = levelsOfRealTopics(one);
  const b = levelsOfRealTopics(other);
  if ((one.startsWith("$") && isWildcard(b[0])) || (other.startsWith("$") && isWildcard(a[0]))) return false;
  const longest = Math.max(a.length, b.length);
  for (let i = 0; i < longest; i++) {
    if (a[i] === "#" || b[i] === "#") return true;
    if (a[i] === undefined || b[i] === undefined) return false;
    if (a[i] !== "+" && b[i] !== "+" && a[i] !== b[i]) return false;
  }
  return true;
}

/** A "#" takes in its parent level too, but no Topic Name is empty: "#" is no more than "+/#", and "/#" no more than "/+/#". */
function levelsOfRealTopics(topicFilter: string): string[] {
  if (topicFilter === "#") return ["+", "#"];
  return topicFilter === "/#" ? ["", "+", "#"] : topicFilter.split("/");
}

function isWildcard(level: string | undefined): boolean {
  return level === "+" || level === "#";
}
