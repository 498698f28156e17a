import { addressClass, type PageFacts } from "@bowline/protocol/internal";

/** The permission has had several names, and is two of them in newer versions. */
const names = ["local-network-access", "local-network", "loopback-network"];

/**
 * Whether the page may reach addresses of the local network, where a browser asks for that; undefined where none does, or where the
 * page itself comes from this machine and needs no permission.
 */
export async function localNetworkAccess(): Promise<PageFacts["localNetworkAccess"]> {
  const { navigator, location } = globalThis as unknown as Partial<Window>;
  if (isLoopback(location?.hostname ?? "")) return undefined;
  const states = await Promise.all(
    names.map((name) =>
      Promise.resolve(navigator?.permissions?.query({ name: name as PermissionName })).then(
        (status) => status?.state,
        () => undefined,
      ),
    ),
  );
  return states.find((state) => state === "denied") ?? states.find((state) => state !== undefined);
}

/** Whether a host of a URL is this machine by its name alone. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host.endsWith(".localhost") || addressClass(host) === "loopback";
}
