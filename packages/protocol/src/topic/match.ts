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
  return coversLevels(outer.split("/"), levelsOfRealTopics(inner));
}

/** The same for filters that were taken apart before, the inner one by `levelsOfRealTopics`. */
export function coversLevels(outer: readonly string[], inner: readonly string[]): boolean {
  if (isWildcard(outer[0]) && inner[0]!.startsWith("$")) return false;
  for (let i = 0; i < outer.length; i++) {
    const level = outer[i];
    if (level === "#") return true;
    if (i >= inner.length || inner[i] === "#") return false;
    if (level !== "+" && level !== inner[i]) return false;
  }
  return outer.length === inner.length;
}

/** Whether some Topic Name is matched by both filters. */
export function overlaps(one: string, other: string): boolean {
  return overlapsLevels(levelsOfRealTopics(one), levelsOfRealTopics(other));
}

/** The same for filters that `levelsOfRealTopics` took apart before. */
export function overlapsLevels(one: readonly string[], other: readonly string[]): boolean {
  if ((one[0]!.startsWith("$") && isWildcard(other[0])) || (other[0]!.startsWith("$") && isWildcard(one[0]))) return false;
  const longest = Math.max(one.length, other.length);
  for (let i = 0; i < longest; i++) {
    const a = one[i];
    const b = other[i];
    if (a === "#" || b === "#") return true;
    if (a === undefined || b === undefined) return false;
    if (a !== "+" && b !== "+" && a !== b) return false;
  }
  return true;
}

/** A "#" takes in its parent level too, but no Topic Name is empty: "#" is no more than "+/#", and "/#" no more than "/+/#". */
export function levelsOfRealTopics(topicFilter: string): string[] {
  if (topicFilter === "#") return ["+", "#"];
  return topicFilter === "/#" ? ["", "+", "#"] : topicFilter.split("/");
}

function isWildcard(level: string | undefined): boolean {
  return level === "+" || level === "#";
}
