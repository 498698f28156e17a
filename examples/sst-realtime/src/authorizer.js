import { authorizer } from "@bowline/realtime";
import { readToken } from "./token.js";

const { name, stage } = JSON.parse(process.env.SST_RESOURCE_App ?? "{}"); // what SST's Resource.App reads
const room = `${name}/${stage}/room`;

export const handler = authorizer(async (token) => {
  const user = readToken(token, process.env.TOKEN_KEY ?? "");
  if (user === undefined) return undefined; // refused, with a reason in the log
  return {
    principalId: user,
    clientId: `${user}-*`,
    subscribe: [`${room}/#`],
    publish: [`${room}/${user}`],
  };
});
