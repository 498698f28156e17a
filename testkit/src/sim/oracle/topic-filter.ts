/** Whether a topic filter matches, section 4.7, written for clearness: the judge shares no code with who is judged. */
export function filterMatches(topicFilter: string, topicName: string): boolean {
  const filter = topicFilter.split("/");
  const topic = topicName.split("/");
  if (topicName.startsWith("$") && (filter[0] === "#" || filter[0] === "+")) return false;
  for (const [i, level] of filter.entries()) {
    if (level === "#") return true;
    if (i >= topic.length || (level !== "+" && level !== topic[i])) return false;
  }
  return filter.length === topic.length;
}

/** The name and the filter of `$share/NAME/FILTER`; undefined for any other filter. */
export function shareOf(topicFilter: string): { name: string; filter: string } | undefined {
  const parts = topicFilter.split("/");
  return parts[0] === "$share" ? { name: parts[1]!, filter: parts.slice(2).join("/") } : undefined;
}
