import { BlockList, isIP } from "node:net";
import { MqttError } from "@bowline/protocol";

/** @throws MqttError CONFIG_INVALID */
export function trustedProxies(ranges: readonly string[]): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const [address = "", length] = range.split("/", 2);
    const family = isIP(address);
    const bits = length === undefined ? maximumBits(family) : Number(length);
    const isRange = family !== 0 && /^\d+$/.test(length ?? "0") && bits <= maximumBits(family);
    if (!isRange)
      throw new MqttError("CONFIG_INVALID", { detail: `trustedProxies: "${range}" is no address and no range such as 10.0.0.0/8` });
    list.addSubnet(address, bits, family === 4 ? "ipv4" : "ipv6");
  }
  return list;
}

function maximumBits(family: number): number {
  return family === 4 ? 32 : 128;
}
