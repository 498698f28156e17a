import { ConformanceFailure } from "../wire/conformance-failure.ts";

/** Nothing that must hold is broken, but what the specification recommends (SHOULD), or what a careful client does, is not done. */
export class Recommendation extends ConformanceFailure {}

/** What is awaited is recommended only: no failure of it counts unless a run is strict. */
export async function recommended<T>(awaited: Promise<T>): Promise<T> {
  try {
    return await awaited;
  } catch (error) {
    if (error instanceof ConformanceFailure) throw new Recommendation(error.expected, error.seen);
    throw error;
  }
}
