import mqtt from "@bowline/mqttjs";

globalThis.bowlineSuite.mqttjs(globalThis.base, mqtt);
