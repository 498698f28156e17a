import { type Scenario, scenario } from "../scenario.ts";

interface Car {
  latitude: number;
  longitude: number;
  /** Degrees, 0 is north. */
  heading: number;
  kmh: number;
  battery: number;
}

const METRES_PER_DEGREE = 111_320;
const EVERY = 2;

/** Electric cars on the move, which lose their connection in tunnels. */
export const fleet: Scenario<Car> = scenario<Car>({
  title: "electric cars with position and battery, which lose their connection in tunnels",
  idPrefix: "car",
  state: ({ random }) => ({
    latitude: random.between(48, 53),
    longitude: random.between(7, 13),
    heading: random.between(0, 360),
    kmh: random.between(0, 120),
    battery: random.between(20, 100),
  }),
  will: (device) => ({ topicName: device.topic("connection"), payload: "lost", qos: 1, retain: true }),
  online: (device) => ({ topic: device.topic("connection"), payload: "online", qos: 1, retain: true }),
  drops: { every: 120, away: 15 },
  publish: [
    {
      every: EVERY,
      message: (device) => {
        const { state, random } = device;
        state.kmh = Math.min(130, Math.max(0, state.kmh + random.normal(0, 6)));
        state.heading = (state.heading + random.normal(0, 10) + 360) % 360;
        const metres = (state.kmh / 3.6) * EVERY;
        const radians = (state.heading * Math.PI) / 180;
        state.latitude += (metres * Math.cos(radians)) / METRES_PER_DEGREE;
        state.longitude += (metres * Math.sin(radians)) / (METRES_PER_DEGREE * Math.cos((state.latitude * Math.PI) / 180));
        state.battery = state.battery < 5 ? 100 : state.battery - metres / 4_000;
        const payload = {
          latitude: Number(state.latitude.toFixed(6)),
          longitude: Number(state.longitude.toFixed(6)),
          heading: Math.round(state.heading),
          kmh: Math.round(state.kmh),
        };
        return { topic: device.topic("position"), payload };
      },
    },
    {
      every: 30,
      message: (device) => ({
        topic: device.topic("battery"),
        payload: { percent: Number(device.state.battery.toFixed(1)) },
        qos: 1,
        retain: true,
      }),
    },
  ],
});
