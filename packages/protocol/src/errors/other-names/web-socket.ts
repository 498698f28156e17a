import type { OtherNames } from "./other-name.ts";

/** Close codes of WebSockets. */
export const webSocketNames: OtherNames = [
  [["1000", "close code 1000"], ["CONNECTION_LOST"]],
  [
    ["1001", "close code 1001"],
    ["SHUTDOWN", "B_BFCACHE"],
  ],
  [
    ["1002", "close code 1002"],
    ["WS_PERMESSAGE", "WS_CLOSE_CODE"],
  ],
  [
    ["1003", "close code 1003"],
    ["WS_TEXT", "WS_CLOSE_CODE"],
  ],
  [
    ["1005", "close code 1005"],
    ["WS_CLOSE_CODE", "CONNECTION_LOST"],
  ],
  [
    ["1006", "close code 1006"],
    ["WS_NEVER_OPENED", "CONNECTION_LOST", "WS_IDLE_CUT"],
  ],
  [["1007", "close code 1007"], ["WS_CLOSE_CODE"]],
  [
    ["1008", "close code 1008"],
    ["WS_CLOSE_CODE", "NOT_AUTHORIZED", "B_ORIGIN"],
  ],
  [["1009", "close code 1009"], ["PACKET_TOO_LARGE"]],
  [["1010", "close code 1010"], ["WS_PERMESSAGE"]],
  [
    ["1011", "close code 1011"],
    ["WS_CLOSE_CODE", "UNAVAILABLE"],
  ],
  [
    ["1012", "close code 1012"],
    ["WS_CLOSE_CODE", "SHUTDOWN"],
  ],
  [
    ["1013", "close code 1013"],
    ["WS_CLOSE_CODE", "SERVER_BUSY"],
  ],
  [
    ["1014", "close code 1014"],
    ["WS_CLOSE_CODE", "WS_502"],
  ],
  [["1015", "close code 1015"], ["TLS_FAILED"]],
  [
    ["3000", "close code 3000"],
    ["WS_CLOSE_CODE", "NOT_AUTHORIZED"],
  ],
  [
    ["3003", "close code 3003"],
    ["WS_CLOSE_CODE", "NOT_AUTHORIZED"],
  ],
  [
    ["3008", "close code 3008"],
    ["WS_CLOSE_CODE", "TIMEOUT"],
  ],
];
