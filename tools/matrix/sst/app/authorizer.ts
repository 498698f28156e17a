import { Resource } from "sst";
import { realtime } from "sst/aws/realtime";

/** What SST's own guide shows, with a token that is looked at. */
export const handler = realtime.authorizer(async (token) => {
  if (token !== process.env["GOOD_TOKEN"]) return { publish: [], subscribe: [] };
  const prefix = `${Resource.App.name}/${Resource.App.stage}`;
  return { publish: [`${prefix}/*`], subscribe: [`${prefix}/*`] };
});
