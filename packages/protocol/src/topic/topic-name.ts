import { checkTopicText, nameFaults, type TopicFault } from "./topic-fault.ts";

const wildcardInName: TopicFault = {
  reasonCode: 0x90,
  clause: "MQTT-4.7.0-1",
  message: "A Topic Name must not contain the wildcard characters + and #.",
};

/**
 * Says what is wrong with a Topic Name, or undefined when it is well-formed. Whether `$` topics may be published is the
 * server's policy and not checked here.
 *
 * @param maximumTopicLevels Levels allowed, counting empty ones; unlimited by default.
 * @returns A fault with reason code 0x90, never an exception.
 */
export function validateTopicName(topicName: string, maximumTopicLevels: number = Infinity): TopicFault | undefined {
  const fault = checkTopicText(topicName, maximumTopicLevels, nameFaults);
  if (fault !== undefined) return fault;
  // [MQTT-4.7.0-1] [MQTT-3.3.2-2]
  return topicName.includes("+") || topicName.includes("#") ? wildcardInName : undefined;
}
