import { crc32 } from "node:zlib";

/**
 * Numbers of a message whose payload is the user's own: they stand in its Correlation Data, which every broker passes on as it is
 * ([MQTT-3.3.2-16]). MQTT 5 only.
 */
export interface MessageNumbers {
  readonly timeNs: number;
  readonly publisher: number;
  /** 32 bits. */
  readonly sequence: number;
}

/** "bwl1" at the beginning tells these from anybody else's Correlation Data. */
const MARK = 0x62_77_6c_31;
const TIME_AT = 4;
const PUBLISHER_AT = 12;
const SEQUENCE_AT = 16;
const CHECKSUM_AT = 20;
const LENGTH = 24;

/** The numbers and a checksum of the payload, as Correlation Data. */
export function numbersToBytes({ timeNs, publisher, sequence }: MessageNumbers, payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(LENGTH);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MARK);
  view.setFloat64(TIME_AT, timeNs);
  view.setUint32(PUBLISHER_AT, publisher);
  view.setUint32(SEQUENCE_AT, sequence);
  view.setUint32(CHECKSUM_AT, crc32(payload));
  return bytes;
}

/** Undefined when the bytes are no such numbers, or the payload is not the one that they were made for. */
export function numbersOf(bytes: Uint8Array | undefined, payload: Uint8Array): MessageNumbers | undefined {
  if (bytes?.length !== LENGTH) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, LENGTH);
  if (view.getUint32(0) !== MARK || view.getUint32(CHECKSUM_AT) !== crc32(payload)) return undefined;
  const timeNs = view.getFloat64(TIME_AT);
  return { timeNs, publisher: view.getUint32(PUBLISHER_AT), sequence: view.getUint32(SEQUENCE_AT) };
}
