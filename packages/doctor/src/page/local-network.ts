import { addressClass, type PageFacts } from "@bowline/protocol/internal";

type Place = "elsewhere" | "local" | "loopback";

/** By how near a place is: a page needs a permission for what is nearer to this machine than the page itself. */
const places: readonly Place[] = ["elsewhere", "local", "loopback"];

/** Newer browsers ask for this machine and for the local network apart; the older permission stands for both, where it is the only one. */
const permissions: Readonly<Record<Place, readonly string[]>> = {
  // A name may lead anywhere.
  elsewhere: ["loopback-network", "local-network"],
  local: ["local-network"],
  loopback: ["loopback-network"],
};
const olderPermission = "local-network-access";

/**
 * Whether the page may reach that host, where a browser asks its user for that; undefined where none does, or where the page itself comes
 * from as near and needs no permission.
 */
export async function localNetworkAccess(host: string): Promise<PageFacts["localNetworkAccess"]> {
  const here = placeOf(globalThis.location?.hostname ?? "");
  const there = placeOf(host);
  if (here === "loopback" || (there !== "elsewhere" && places.indexOf(there) <= places.indexOf(here))) return undefined;
  const known = (await Promise.all(permissions[there].map(stateOf))).filter((state) => state !== undefined);
  const states = known.length > 0 ? known : [await stateOf(olderPermission)];
  return states.find((state) => state === "denied") ?? states.find((state) => state === "prompt") ?? states[0];
}

function stateOf(name: string): Promise<PermissionState | undefined> {
  const { navigator } = globalThis as unknown as Partial<Window>;
  return Promise.resolve(navigator?.permissions?.query({ name: name as PermissionName })).then(
    (status) => status?.state,
    () => undefined,
  );
}

function placeOf(host: string): Place {
  if (isLoopback(host)) return "loopback";
  const kind = addressClass(host);
  return kind === "private" || kind === "link-local" ? "local" : "elsewhere";
}

/** Whether a host of a URL is this machine by its name alone. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host.endsWith(".localhost") || addressClass(host) === "loopback";
}
