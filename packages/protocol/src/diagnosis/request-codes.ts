import type { ErrorCode } from "../errors/catalogue.ts";

/** Reason Codes with which a server refuses one subscription or message, and the codes of ours they mean. */
type Codes = Readonly<Record<number, ErrorCode>>;

const suback: Codes = {
  135: "SUB_DENIED",
  143: "FILTER_INVALID",
  151: "QUOTA",
  158: "SHARED_UNSUPPORTED",
  161: "SUBID_UNSUPPORTED",
  162: "WILDCARD_UNSUPPORTED",
};

const puback: Codes = { 135: "PUB_DENIED", 144: "TOPIC_INVALID", 151: "QUOTA", 153: "PAYLOAD_FORMAT" };

/** The code of a SUBACK's Reason Code of 128 or more. Before 5.0 there is one for all, and it seldom means anything but a missing right. */
export function subackCode(reasonCode: number, version: number): ErrorCode {
  return version < 5 ? "SUB_DENIED" : (suback[reasonCode] ?? "SUBSCRIBE_REFUSED");
}

/** The code of an UNSUBACK's Reason Code of 128 or more. */
export function unsubackCode(reasonCode: number): ErrorCode {
  return reasonCode === 143 ? "FILTER_INVALID" : "UNSUBSCRIBE_REFUSED";
}

/** The code of a PUBACK's or PUBREC's Reason Code of 128 or more. */
export function pubackCode(reasonCode: number): ErrorCode {
  return puback[reasonCode] ?? "PUBLISH_REFUSED";
}
