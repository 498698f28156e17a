import type { ErrorCode } from "../catalogue.ts";

/** What other programs call a fault, and the codes of ours it may be, likeliest first. */
export type OtherNames = readonly (readonly [names: readonly string[], codes: readonly ErrorCode[]])[];
