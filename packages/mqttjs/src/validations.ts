import { validateTopicFilter } from "@bowline/protocol";

/** Whether a text is a Topic Filter. */
export function validateTopic(topic: string): boolean {
  return typeof topic === "string" && validateTopicFilter(topic) === undefined;
}

/** The first text that is no Topic Filter, `empty_topic_list` when there is none at all, else null. */
export function validateTopics(topics: string[]): string | null {
  if (topics.length === 0) return "empty_topic_list";
  const invalid = topics.filter((topic) => !validateTopic(topic));
  return invalid.length === 0 ? null : String(invalid[0]);
}
