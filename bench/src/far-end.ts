// The other end of a measured client: node bench/dist/far-end.js --direction publish|receive --qos 0 --count N --inflight 100
// Listens on 127.0.0.1, prints "port N", and one JSON line when its client is gone.
import { type AddressInfo, createServer } from "node:net";
import { parseClientRun } from "./clients/client-run-options.ts";
import { FarEndPeer } from "./clients/far-end-peer.ts";

const options = parseClientRun(process.argv.slice(2));
const server = createServer((socket) => {
  const peer = new FarEndPeer(socket, options);
  server.close();
  socket.once("close", () => console.log(JSON.stringify(peer.result)));
});
server.listen(0, "127.0.0.1", () => console.log(`port ${(server.address() as AddressInfo).port}`));
