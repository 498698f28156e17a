/** Subscription Options, section 3.8.3.1. */
export const NO_LOCAL = 0x04;
export const RETAIN_AS_PUBLISHED = 0x08;
export const RETAIN_HANDLING_SHIFT = 4;
export const SHARED_PREFIX = "$share/";
