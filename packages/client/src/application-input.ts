import { MqttError, type Properties, type ProtocolVersion, validateTopicFilter } from "@bowline/protocol";
import { encodePublishProperties } from "@bowline/protocol/internal";
import type { PublishOptions } from "./options.ts";

/**
 * The properties of a message as bytes; undefined when there are none.
 *
 * @throws MqttError UNSUPPORTED_IN_V3, PACKET_INVALID
 */
export function publishProperties(options: PublishOptions, version: ProtocolVersion): Uint8Array | undefined {
  const { contentType, responseTopic, correlationData, payloadFormatIndicator, userProperties } = options;
  // Every message comes by here: to gather them first costs as much as the rest of the call.
  const hasText = contentType !== undefined || responseTopic !== undefined;
  if (!hasText && payloadFormatIndicator === undefined && correlationData === undefined && userProperties === undefined)
    return undefined;
  if (version !== 5) throw new MqttError("UNSUPPORTED_IN_V3", { detail: "properties" });
  const given = { payloadFormatIndicator, contentType, responseTopic, correlationData, userProperties };
  return encodePublishProperties(given as Properties);
}

/** @throws MqttError OPTION_INVALID */
export function checkQos(qos: unknown): void {
  if (qos !== undefined && qos !== 0 && qos !== 1 && qos !== 2)
    throw new MqttError("OPTION_INVALID", { detail: "qos is 0, 1 or 2" });
}

/**
 * Topic Filters, each once.
 *
 * @throws MqttError FILTER_INVALID
 */
export function checkedFilters(given: string | readonly string[]): readonly string[] {
  const filters = typeof given === "string" ? [given] : [...new Set(given)];
  for (const filter of filters) {
    const fault = validateTopicFilter(filter);
    if (fault !== undefined) throw new MqttError("FILTER_INVALID", { detail: fault.message });
  }
  if (filters.length === 0) throw new MqttError("FILTER_INVALID", { detail: "there is none" });
  return filters;
}
