export { AttackedBroker } from "./attacked-broker.ts";
export { Friend, type FriendReport } from "./friend.ts";
export { Link, type LinkKind } from "./link.ts";
