export { platform } from "#platform";
export { callSafely, throwOutside } from "./emitter.ts";
export { errorOf, factsOf, toFailure } from "./failure.ts";
export { InboundMessage } from "./inbound-message.ts";
export { type ConnectionEnd, type ConnectionOwner, NetworkConnection } from "./network-connection.ts";
export { payloadBytes } from "./payload-bytes.ts";
export { systemClock } from "./system-clock.ts";
export { parseTarget, type ParsedUrl, type TargetOptions } from "./transport/target.ts";
export type { Dialer, Platform, Target, Transport, TransportFacts, TransportHandler } from "./transport/transport.ts";
