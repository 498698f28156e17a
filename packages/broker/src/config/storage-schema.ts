import { z } from "zod";
import { DEFAULT_MAXIMUM_BYTES } from "../storage/open-storage.ts";

export interface StorageConfig {
  maximumBytes: number;
}

/** A store with its tables and a few rows. */
const LEAST_BYTES = 2 ** 20;
const WORDS = `must be a whole number from ${LEAST_BYTES} to ${Number.MAX_SAFE_INTEGER}`;

/** @see StorageConfig */
export const storageSchema: z.ZodType<StorageConfig, { maximumBytes?: number | undefined }> = z.strictObject({
  maximumBytes: z
    .int({ error: WORDS })
    .min(LEAST_BYTES, { error: WORDS })
    .default(DEFAULT_MAXIMUM_BYTES)
    .describe(
      "Bytes of the store's rows. Above it what grows is refused (0x97) until there is room; what was taken with one commit may go beyond.",
    ),
});
