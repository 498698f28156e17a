export type * from "./packet/packets.ts";
export { PacketType } from "./packet/packet-type.ts";
