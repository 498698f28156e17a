import * as client from "@bowline/client";

globalThis.bowlineSuite.client(globalThis.base, client);
