import { connect, connectAsync } from "@bowline/mqttjs";

globalThis.bowlineSuite.mqttjs(globalThis.base, { connect, connectAsync });
