import { randomInt } from "node:crypto";

/** Without letters that look alike in print (0 O 1 l I) and without anything a shell or a URL would need quoted. */
const ALPHABET = "23456789abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ";
const LENGTH = 24;

/** A password for a new user: 24 characters of 56, about 139 bits. */
export function generatePassword(): string {
  return Array.from({ length: LENGTH }, () => ALPHABET[randomInt(ALPHABET.length)]).join("");
}
