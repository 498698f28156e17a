export { type HttpProxyBehaviour, HttpProxyServer } from "./http-proxy-server.ts";
export { type SocksBehaviour, SocksServer } from "./socks-server.ts";
export { TestServer } from "./test-server.ts";
