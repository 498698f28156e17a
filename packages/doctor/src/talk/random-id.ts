/** Bytes as hexadecimal digits. */
export const hexOf = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

/** So many random bytes, as hexadecimal digits. */
export const randomHex = (bytes: number): string => hexOf(crypto.getRandomValues(new Uint8Array(bytes)));

/** An identifier that every broker must take: letters and digits, at most 23. */
export const randomId = (): string => `doctor${randomHex(8)}`;
