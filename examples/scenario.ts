// Pumps that report their pressure, stop by command, and lose their connection now and then.
// Run it: bowline simulate examples/scenario.ts mqtts://localhost:8883 --credentials .bowline/first-user.json
import { scenario } from "bowline";

export default scenario({
  title: "pumps with pressure, stopped and started by command",
  devices: 5,
  idPrefix: "pump",
  state: ({ random }) => ({ isOn: true, bar: random.between(2, 4) }),
  will: (pump) => ({ topicName: pump.topic("status"), payload: "offline", retain: true }),
  online: (pump) => ({ topic: pump.topic("status"), payload: "online", retain: true }),
  drops: { every: 60, away: 5 },
  publish: [
    {
      every: 0.5,
      message: (pump) => {
        const target = pump.state.isOn ? 3 : 0;
        pump.state.bar += (target - pump.state.bar) * 0.3 + pump.random.normal(0, 0.02);
        return { topic: pump.topic("pressure"), payload: { bar: Number(pump.state.bar.toFixed(2)) } };
      },
    },
  ],
  commands: [
    {
      filter: (pump) => pump.topic("set"),
      qos: 1,
      handle: (pump, message) => {
        pump.state.isOn = message.text() === "on";
        return { topic: pump.topic("set/done"), payload: pump.state.isOn ? "on" : "off", qos: 1 };
      },
    },
  ],
});
