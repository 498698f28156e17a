export { seededRandom } from "./seeded-random.ts";
export { VirtualClock, type VirtualClockOptions } from "./virtual-clock.ts";
export type { CutKind, LinkOptions } from "./link-options.ts";
export type { VirtualChannel, VirtualHandler, VirtualLink } from "./virtual-link.ts";
export { VirtualNetwork, type VirtualAcceptor } from "./virtual-network.ts";
export type { VirtualPipe } from "./virtual-pipe.ts";
