/// <reference path="./.sst/platform/config.d.ts" />

export default $config({
  app: () => ({ name: "chat", home: "aws" }),
  run: async () => {
    const realtime = new sst.aws.Realtime("MyRealtime", {
      authorizer: { handler: "src/authorizer.handler", environment: { TOKEN_KEY: new sst.Secret("TokenKey").value } },
    });
    return { endpoint: realtime.endpoint, authorizer: realtime.authorizer };
  },
});
