import { bowlineDriver } from "./drivers/bowline-driver.ts";
import { dropInDriver } from "./drivers/mqttjs-driver.ts";
import { judgeClient } from "./judge-client.ts";

/* Our clients must pass every case, recommendations included. What the drop-in has no option for is left out. */

judgeClient({ driver: bowlineDriver, isStrict: true, leftOutMax: 0, missing: "" });
judgeClient({ driver: dropInDriver, isStrict: true, leftOutMax: 3, missing: "" });
