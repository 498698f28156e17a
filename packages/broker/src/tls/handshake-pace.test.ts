import { expect, test } from "vitest";
import { HandshakePace } from "./handshake-pace.ts";

function paced(
  perTurn: number,
  maximum?: number,
): { pace: HandshakePace; begun: number[]; turn: () => void; isIdle: () => boolean } {
  const turns: (() => void)[] = [];
  const begun: number[] = [];
  const pace = new HandshakePace(perTurn, (turn) => turns.push(turn), maximum);
  return { pace, begun, turn: () => turns.splice(0).forEach((each) => each()), isIdle: () => turns.length === 0 };
}

test("so many begin in a turn, the others in order in the next ones, and then nothing goes on", () => {
  const { pace, begun, turn, isIdle } = paced(2);
  for (let number = 1; number <= 5; number++) pace.begin(() => begun.push(number));
  expect(begun).toEqual([1, 2]);
  turn();
  expect(begun).toEqual([1, 2, 3, 4]);
  turn();
  expect(begun).toEqual([1, 2, 3, 4, 5]);
  turn();
  expect(isIdle()).toBe(true);
  pace.begin(() => begun.push(6));
  expect(begun.at(-1)).toBe(6);
});

test("who comes while others wait does not pass them", () => {
  const { pace, begun, turn } = paced(2);
  for (let number = 1; number <= 4; number++) pace.begin(() => begun.push(number));
  turn();
  pace.begin(() => begun.push(5));
  expect(begun).toEqual([1, 2, 3, 4]);
  turn();
  expect(begun).toEqual([1, 2, 3, 4, 5]);
});

test("with room left in a turn one begins at once", () => {
  const { pace, begun, turn } = paced(2);
  for (let number = 1; number <= 3; number++) pace.begin(() => begun.push(number));
  turn();
  pace.begin(() => begun.push(4));
  expect(begun).toEqual([1, 2, 3, 4]);
});

test("only so many may wait", () => {
  const { pace, begun, turn } = paced(1, 2);
  const taken = [1, 2, 3, 4].map((number) => pace.begin(() => begun.push(number)));
  expect(taken).toEqual([true, true, true, false]);
  turn();
  expect(pace.begin(() => begun.push(5))).toBe(true);
  for (let turns = 0; turns < 3; turns++) turn();
  expect(begun).toEqual([1, 2, 3, 5]);
});
