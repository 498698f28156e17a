import { constants } from "node:os";
import { getSystemErrorName } from "node:util";

/** LMDB says so of a store whose head page it could not write. */
const brokenHead = -30795;

/** Why a transaction failed, in words; `code` is an errno or LMDB's own negative number. */
export function writeFailure(code: number): string {
  if (code === brokenHead) return "the head of the store could not be written";
  if (code <= 0) return `LMDB error ${code}`;
  // The system's name for it, which Node has none for.
  if (code === constants.errno.EDQUOT) return "the disk quota is used up (EDQUOT)";
  const name = getSystemErrorName(-code);
  return name === "ENOSPC" ? `the disk is full (${name})` : `the disk failed (${name})`;
}
