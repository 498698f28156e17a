import { BlockList, isIP } from "node:net";

/** Addresses that only this machine can have as a peer. */
export const loopbackAddresses: BlockList = new BlockList();
loopbackAddresses.addSubnet("127.0.0.0", 8, "ipv4");
loopbackAddresses.addAddress("::1", "ipv6");

/** True when every address of the host is a loopback address by definition, without asking a resolver. */
export function isLoopbackHost(host: string): boolean {
  if (host === "localhost" || host.endsWith(".localhost")) return true;
  return includesAddress(loopbackAddresses, host);
}

/** IPv4 inside IPv6 (`::ffff:a.b.c.d`, what a dual-stack listener sees) in its IPv4 form; everything else as it is. */
export function plainAddress(address: string): string {
  const inner = address.startsWith("::ffff:") ? address.slice(7) : "";
  return isIP(inner) === 4 ? inner : address;
}

export function includesAddress(list: BlockList, address: string): boolean {
  const plain = plainAddress(address);
  const family = isIP(plain);
  return family !== 0 && list.check(plain, family === 4 ? "ipv4" : "ipv6");
}
