export { bytes, installBytes, standardBytes, type Bytes } from "./packet/bytes.ts";
export { OutBuffer } from "./packet/out-buffer.ts";
export { PublishOffsets } from "./packet/publish-offsets.ts";
