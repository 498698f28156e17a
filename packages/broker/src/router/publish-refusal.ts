import { MqttError } from "@bowline/protocol";
import { type PublishOffsets, ReasonCode } from "@bowline/protocol/internal";
import { publishBit, type Rights } from "../acl/access-control.ts";
import type { Route } from "./route.ts";

/** Beside the bits of `publishBit`: nothing may be published to the topic, whoever asks. */
const TOO_DEEP = 1 << 6;
/** And: it may be published, and is withheld from somebody. */
const WITHHELD = 1 << 7;

/** How the owner of the rights may not publish to the topic. Rights that change move the generation, and with it the route. */
export function refusedOf(route: Route, rights: Rights): number {
  if (route.askedBy !== rights) {
    route.askedBy = rights;
    route.refused = route.isTooDeep ? TOO_DEEP : rights.refusedPublishes(route.topicName);
    if (route.withheld !== undefined) route.refused |= WITHHELD;
  }
  return route.refused;
}

/** The Reason Code with which a PUBLISH is refused, 0 for none. */
export function denialOf(refused: number, { qos, retain }: PublishOffsets): number {
  if ((refused & TOO_DEEP) !== 0) return ReasonCode.TopicNameInvalid;
  return (refused & publishBit(qos, retain)) === 0 ? 0 : ReasonCode.NotAuthorized;
}

/** [MQTT-3.2.2-11] and [MQTT-3.2.2-14] are the client's to keep; one that does not is told and disconnected. */
export function unsupported(isQoS: boolean): MqttError {
  return isQoS
    ? new MqttError("QOS_UNSUPPORTED", { reasonCode: ReasonCode.QoSNotSupported, clause: "MQTT-3.2.2-11", source: "peer" })
    : new MqttError("RETAIN_UNSUPPORTED", { reasonCode: ReasonCode.RetainNotSupported, clause: "MQTT-3.2.2-14", source: "peer" });
}
