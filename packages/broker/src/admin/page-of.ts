import { MqttError } from "@bowline/protocol";
import type { Context } from "hono";
import { z } from "zod";

/** As many as there can be bans or rules, so that whoever does not ask for pages mostly gets all in one. */
const LIMIT_MAX = 10_000;

const query = z.object({
  page: z.coerce.number().int().min(1).default(1),
  limit: z.coerce.number().int().min(1).max(LIMIT_MAX).default(LIMIT_MAX),
});

/** Where a part of a list stands in the whole. */
export interface PageMeta {
  /** From 1. */
  readonly page: number;
  readonly limit: number;
  /** Of the whole list. */
  readonly count: number;
  readonly hasNext: boolean;
}

/** What `?search=` asks for, as a test of texts: one of them must have it, whatever the case. */
export function searchOf(c: Context): (...texts: readonly string[]) => boolean {
  const search = (c.req.query("search") ?? "").toLowerCase();
  return (...texts) => texts.some((text) => text.toLowerCase().includes(search));
}

/**
 * The part of a list that `?page=` and `?limit=` ask for.
 *
 * @throws MqttError OPTION_INVALID
 */
export function pageOf<T>(c: Context, all: readonly T[]): { items: readonly T[]; meta: PageMeta } {
  const asked = query.safeParse(c.req.query());
  if (!asked.success) {
    const [issue] = asked.error.issues;
    throw new MqttError("OPTION_INVALID", { detail: `${issue?.path.join(".")}: ${issue?.message}` });
  }
  const { page, limit } = asked.data;
  const items = all.slice((page - 1) * limit, page * limit);
  return { items, meta: { page, limit, count: all.length, hasNext: page * limit < all.length } };
}
