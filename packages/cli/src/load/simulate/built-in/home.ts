import { type Scenario, scenario } from "../scenario.ts";

const ROOMS = ["kitchen", "bath", "bedroom", "hall"] as const;

interface Home {
  lights: Record<string, boolean>;
  celsius: Record<string, number>;
  wattHours: number;
}

/** Homes whose lamps can be switched, with a sensor in each room and a meter. */
export const home: Scenario<Home> = scenario<Home>({
  title: "homes with sensors and a meter, whose lamps are switched by topic/light/ROOM/set",
  idPrefix: "home",
  state: ({ random }) => ({
    lights: Object.fromEntries(ROOMS.map((room) => [room, random.chance(0.3)])),
    celsius: Object.fromEntries(ROOMS.map((room) => [room, random.between(18, 23)])),
    wattHours: random.integer(0, 5_000_000),
  }),
  online: (device) =>
    ROOMS.map((room) => ({
      topic: device.topic(`light/${room}`),
      payload: device.state.lights[room] === true ? "on" : "off",
      retain: true,
      qos: 1 as const,
    })),
  publish: [
    {
      every: 5,
      message: (device) => {
        const room = device.random.pick(ROOMS);
        const celsius = (device.state.celsius[room] ?? 20) + device.random.normal(0, 0.1);
        device.state.celsius[room] = celsius;
        return { topic: device.topic(`celsius/${room}`), payload: celsius.toFixed(1), retain: true };
      },
    },
    {
      every: 15,
      message: (device) => {
        const { state } = device;
        const lit = Object.values(state.lights).filter(Boolean).length;
        state.wattHours += Math.round((200 + lit * 60) / 240 + device.random.next());
        return { topic: device.topic("energy"), payload: { wattHours: state.wattHours }, qos: 1 };
      },
    },
  ],
  commands: [
    {
      filter: (device) => device.topic("light/+/set"),
      qos: 1,
      handle: (device, message) => {
        const room = message.topicName.split("/").at(-2) ?? "";
        const isOn = message.text() === "on";
        device.state.lights[room] = isOn;
        return { topic: device.topic(`light/${room}`), payload: isOn ? "on" : "off", retain: true, qos: 1 };
      },
    },
  ],
});
