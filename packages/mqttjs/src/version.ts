/** The version of MQTT.js whose interface this is. */
export const version = "5.16.0";
