import { z } from "zod";
import { DEFAULT_MAXIMUM_BYTES } from "../storage/open-storage.ts";
import { wholeNumber } from "./whole-number.ts";

export interface StorageConfig {
  /**
   * Bytes of the store's rows. Above it what grows is refused (0x97) until there is room; what was taken with one commit may go
   * beyond. From 1048576 to 9007199254740991. Default: 68719476736.
   */
  maximumBytes: number;
}

/** A store with its tables and a few rows. */
const LEAST_BYTES = 2 ** 20;

/** @see StorageConfig */
export const storageSchema: z.ZodType<StorageConfig, { maximumBytes?: number | undefined }> = z.strictObject({
  maximumBytes: wholeNumber(LEAST_BYTES, Number.MAX_SAFE_INTEGER)
    .default(DEFAULT_MAXIMUM_BYTES)
    .describe(
      "Bytes of the store's rows. Above it what grows is refused (0x97) until there is room; what was taken with one commit may go beyond.",
    ),
});
