import type { DiskWrite, Survival } from "./power-cut.ts";

/** The first two pages of the file say where everything is. */
const HEADS = 8_192;

/** What may be left of writes that nothing has flushed; of which kind, and which of them, is drawn anew for each cut. */
export function survivalFrom(random: () => number): { name: string; survives: Survival } {
  const kinds: [string, () => Survival][] = [
    ["none of them", () => () => false],
    ["all of them", () => () => true],
    [
      "the heads alone",
      () =>
        ({ offset }) =>
          offset < HEADS,
    ],
    [
      "all but the heads",
      () =>
        ({ offset }) =>
          offset >= HEADS,
    ],
    ["whole writes or none", () => wholeOrNone(random, 0.5)],
    ["nearly all writes", () => wholeOrNone(random, 0.95)],
    ["some sectors of each", () => () => random() < 0.5],
    ["nearly all sectors", () => () => random() < 0.98],
  ];
  const [name, make] = kinds[Math.floor(random() * kinds.length)]!;
  return { name, survives: make() };
}

function wholeOrNone(random: () => number, share: number): Survival {
  const drawn = new Map<DiskWrite, boolean>();
  return (write) => {
    const is = drawn.get(write) ?? random() < share;
    drawn.set(write, is);
    return is;
  };
}
