import { z } from "zod";

/** A whole number in a range, refused in words that name the range. */
export function wholeNumber(from: number, to: number, unit?: "seconds"): z.ZodNumber {
  const error = `must be a whole number ${unit === undefined ? "" : `of ${unit} `}from ${from} to ${to}`;
  return z.int({ error }).min(from, { error }).max(to, { error });
}
