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

/** Whether the list holds the address; IPv4 inside IPv6 (`::ffff:a.b.c.d`, what a dual-stack listener sees) counts as IPv4. */
export function includesAddress(list: BlockList, address: string): boolean {
  const plain = address.startsWith("::ffff:") && isIP(address.slice(7)) === 4 ? address.slice(7) : address;
  const family = isIP(plain);
  return family !== 0 && list.check(plain, family === 4 ? "ipv4" : "ipv6");
}
