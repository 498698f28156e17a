import { connect, fileStore } from "@bowline/client";

/**
 * @param {string} url
 * @param {import("@bowline/client").Credentials} credentials
 * @param {string} folder for this client alone; in a page: indexedDbStore("meter-7")
 */
export function connectMeter(url, credentials, folder) {
  const client = connect(url, { credentials, session: { clientId: "meter-7", store: fileStore(folder) } });
  client.on("publishFailed", ({ error }) => console.error("lost:", error.message));
  client.on("gap", () => console.warn("the server had forgotten us: messages for us may be missing"));
  client.subscribe("plant/meter-7/orders", { qos: 1, acknowledge: "handled" }, async (order) => {
    console.log("order", order.text()); // acknowledged when this is done
  });
  return client;
}

/**
 * Resolves as soon as the reading is on the disk, with or without a connection.
 *
 * @param {import("@bowline/client").Client} client
 * @param {number} kwh
 */
export async function report(client, kwh) {
  await client.publish("plant/meter-7/kwh", String(kwh), { qos: 1 }).stored;
}
