import { dial } from "./dial.ts";

const usualPorts = [1883, 8883, 80, 443, 8083, 8084, 9001];

/** Which well-known ports of a host take connections. Only when asked for: it looks like a port scan, and is one. */
export async function scan(address: string, notPort: number, ms: number): Promise<readonly number[]> {
  const ports = usualPorts.filter((port) => port !== notPort);
  const dialled = await Promise.all(ports.map((port) => dial(address, port, ms)));
  for (const { socket } of dialled) socket?.destroy();
  return ports.filter((_, i) => dialled[i]?.socket !== undefined);
}
