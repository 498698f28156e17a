export { systemClock } from "./system-clock.ts";
export { parseTarget, type ParsedUrl, type TargetOptions } from "./transport/target.ts";
export type { Dialer, Platform, Target, Transport, TransportFacts, TransportHandler } from "./transport/transport.ts";
