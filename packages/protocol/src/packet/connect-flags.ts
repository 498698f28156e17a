/** Connect Flags, section 3.1.2.3. */
export const RESERVED = 0x01;
export const CLEAN_START = 0x02;
export const HAS_WILL = 0x04;
export const WILL_QOS_SHIFT = 3;
export const WILL_RETAIN = 0x20;
export const WILL_ONLY = 0x38;
export const HAS_PASSWORD = 0x40;
export const HAS_USERNAME = 0x80;
/** The bit of the protocol level that says it is a bridge, which is taken (O-17). */
export const BRIDGE = 0x80;
