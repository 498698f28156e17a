import { missingPrograms } from "../../system/missing-programs.ts";
import { mosquittoPubDriver, mosquittoSubDriver } from "./drivers/mosquitto-driver.ts";
import { mqttJsDriver } from "./drivers/mqttjs-driver.ts";
import { judgeClient } from "./judge-client.ts";

/* Other clients, for comparison: their differences stand in divergences.json, with the reason. */

judgeClient({ driver: mqttJsDriver, isStrict: false, leftOutMax: 7, missing: "" });
// Programs of their own, which wait for most of their time.
const beside = { isStrict: false, isBesideOthers: true };
judgeClient({ ...beside, driver: mosquittoSubDriver, leftOutMax: 216, missing: missingPrograms("mosquitto_sub") });
// What has to do with messages that come is the same library's, and judged above.
const sending = / (end|publish|send)\//;
judgeClient({
  ...beside,
  driver: mosquittoPubDriver,
  leftOutMax: 80,
  groups: sending,
  missing: missingPrograms("mosquitto_pub"),
});
