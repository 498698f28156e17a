/** What kind of network an IP address belongs to, or "name" for what is no address. */
export type AddressClass = "loopback" | "private" | "link-local" | "public" | "name";

/** Classifies a host as written in a URL: an IPv4 or IPv6 address, with or without brackets, or a name. */
export function addressClass(host: string): AddressClass {
  const bare = host.replace(/^\[|\]$/g, "").toLowerCase();
  if (/^\d{1,3}(\.\d{1,3}){3}$/.test(bare)) return classOfIpv4(bare);
  if (!bare.includes(":")) return "name";
  const mapped = /^::ffff:(\d{1,3}(?:\.\d{1,3}){3})$/.exec(bare)?.[1];
  if (mapped !== undefined) return classOfIpv4(mapped);
  if (bare === "::1") return "loopback";
  if (/^fe[89ab]/.test(bare)) return "link-local";
  return /^f[cd]/.test(bare) ? "private" : "public";
}

function classOfIpv4(address: string): AddressClass {
  const [first = 0, second = 0] = address.split(".").map(Number);
  if (first === 127) return "loopback";
  if (first === 169 && second === 254) return "link-local";
  const isPrivate = first === 10 || (first === 172 && second >= 16 && second < 32) || (first === 192 && second === 168);
  return isPrivate || (first === 100 && second >= 64 && second < 128) ? "private" : "public";
}

/** Whether a host is of this machine or its network by what it says; another name may lead anywhere. */
export function isLocalHost(host: string): boolean {
  return /^(.+\.)?localhost$/.test(host) || !["public", "name"].includes(addressClass(host));
}

/** Whether a host is an address: no server name is sent to one in TLS. */
export function isAddress(host: string): boolean {
  return addressClass(host) !== "name";
}
