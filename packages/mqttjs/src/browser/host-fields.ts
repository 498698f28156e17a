import type { Target } from "@bowline/client/internal";
import type { IClientOptions } from "../options.ts";

/** A page has no say in these; what is given all the same is named in a warning. */
export function hostFieldsOf(options: IClientOptions): Pick<Target, "tls" | "headers" | "probe"> {
  const { ca, cert, key, pfx, rejectUnauthorized, wsOptions } = options;
  const given = Object.entries({ ca, cert, key, pfx, rejectUnauthorized }).filter(([, value]) => value !== undefined);
  const { headers } = (wsOptions ?? {}) as { headers?: Record<string, string> };
  return { tls: Object.fromEntries(given), headers: headers ?? {}, probe: options.bowline?.probe };
}
