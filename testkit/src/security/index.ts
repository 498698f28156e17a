export { AttackedBroker } from "./attacked-broker.ts";
export { clientHello } from "./client-hello.ts";
export { Friend, type FriendReport } from "./friend.ts";
export { Link, type LinkKind } from "./link.ts";
export { frame, type FrameParts, requestText, UPGRADE_HEADERS, upgradeRequest } from "./web-socket-frames.ts";
