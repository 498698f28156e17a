export { bytes, installBytes, standardBytes, type Bytes } from "./packet/bytes.ts";
export { OutBuffer } from "./packet/out-buffer.ts";
export { PublishOffsets } from "./packet/publish-offsets.ts";
export type { Channel, ChannelHandler } from "./engine/channel.ts";
export type { Clock, TimerHandle } from "./engine/clock.ts";
