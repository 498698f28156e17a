import { type Scenario, scenario } from "../scenario.ts";

interface Station {
  /** Minutes since midnight; a reading is a minute on. */
  minute: number;
  meanCelsius: number;
  humidity: number;
  hectopascal: number;
  wind: number;
}

const DAY = 1_440;

/** Weather stations through their days. */
export const weather: Scenario<Station> = scenario<Station>({
  title: "weather stations, a reading each second for a minute of their day",
  idPrefix: "station",
  state: ({ random }) => ({
    minute: random.integer(0, DAY - 1),
    meanCelsius: random.between(-5, 25),
    humidity: random.between(40, 90),
    hectopascal: random.normal(1_013, 8),
    wind: random.between(0, 10),
  }),
  publish: [
    {
      every: 1,
      message: (device) => {
        const { state, random } = device;
        state.minute = (state.minute + 1) % DAY;
        // Coldest at four in the morning.
        const warmth = -6 * Math.cos((2 * Math.PI * (state.minute - 240)) / DAY);
        state.humidity = Math.min(100, Math.max(10, state.humidity + random.normal(0, 0.3)));
        state.hectopascal += random.normal(0, 0.05);
        state.wind = Math.max(0, state.wind + random.normal(0, 0.2));
        const time = `${String(Math.floor(state.minute / 60)).padStart(2, "0")}:${String(state.minute % 60).padStart(2, "0")}`;
        const payload = {
          time,
          celsius: Number((state.meanCelsius + warmth + random.normal(0, 0.2)).toFixed(1)),
          humidity: Math.round(state.humidity),
          hectopascal: Number(state.hectopascal.toFixed(1)),
          wind: Number(state.wind.toFixed(1)),
        };
        return { topic: device.topic("reading"), payload, retain: true };
      },
    },
  ],
});
