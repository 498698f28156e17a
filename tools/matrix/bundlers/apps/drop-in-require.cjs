const mqtt = require("@bowline/mqttjs");

globalThis.bowlineSuite.mqttjs(globalThis.base, mqtt);
