import { createBroker } from "@bowline/broker";

const { DATA = "./broker-data", LISTEN = "mqtts://localhost:8883", SENSOR_PASSWORD = "" } = process.env;
export const server = await createBroker({ data: DATA, listen: [LISTEN], console: false, log: { level: "warn" } });

if (server.users.size === 0) await server.users.add("default", "sensor", SENSOR_PASSWORD);
await server.broker.publish("plant/state", new TextEncoder().encode("up"), { retain: true });
console.log(`listening on ${server.listeners.join(" ")}; clients trust ${server.folder.ca}`);
process.once("SIGTERM", () => void server.close()); // drains: within 2 s
