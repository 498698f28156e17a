/** So many random bytes, as hexadecimal digits. */
export function randomHex(bytes: number): string {
  const random = crypto.getRandomValues(new Uint8Array(bytes));
  return Array.from(random, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** An identifier that every broker must take: letters and digits, at most 23. */
export const randomId = (): string => `doctor${randomHex(8)}`;
