import { type Scenario, scenario } from "../scenario.ts";

interface Machine {
  isRunning: boolean;
  rpm: number;
  celsius: number;
  produced: number;
}

/** Machines that are started and stopped by commands, warm up, count what they make, and raise alarms. */
export const factory: Scenario<Machine> = scenario<Machine>({
  title: "machines with telemetry, alarms, and start and stop by command",
  idPrefix: "machine",
  state: ({ random }) => ({ isRunning: random.chance(0.8), rpm: 0, celsius: random.between(18, 24), produced: 0 }),
  will: (device) => ({ topicName: device.topic("status"), payload: "offline", qos: 1, retain: true }),
  online: (device) => ({ topic: device.topic("status"), payload: "online", qos: 1, retain: true }),
  publish: [
    {
      every: 1,
      message: (device) => {
        const { state, random } = device;
        state.rpm = state.isRunning ? Math.round(random.normal(1_500, 20)) : 0;
        state.celsius += ((state.isRunning ? 75 : 20) - state.celsius) * 0.05 + random.normal(0, 0.3);
        if (state.isRunning) state.produced += random.integer(0, 2);
        const payload = { rpm: state.rpm, celsius: Number(state.celsius.toFixed(1)), produced: state.produced };
        return { topic: device.topic("telemetry"), payload };
      },
    },
    {
      every: 20,
      jitter: 0.5,
      message: (device) => {
        if (device.state.celsius < 70 || !device.random.chance(0.2)) return undefined;
        const payload = { level: "warning", text: "bearing is hot", celsius: Number(device.state.celsius.toFixed(1)) };
        return { topic: device.topic("alarm"), payload, qos: 1 };
      },
    },
  ],
  commands: [
    {
      filter: (device) => device.topic("command"),
      qos: 1,
      handle: (device, message) => {
        const order = message.text();
        if (order === "start" || order === "stop") device.state.isRunning = order === "start";
        return { topic: device.topic("state"), payload: { isRunning: device.state.isRunning }, qos: 1, retain: true };
      },
    },
  ],
});
