import { useEffect, useState } from "preact/hooks";
import { useIsVisible } from "../page/use-is-visible.ts";
import type { RateSample } from "./admin-api.ts";

/** What the broker keeps too: one sample a second for five minutes. */
const MAXIMUM_SAMPLES = 300;

/**
 * The broker's rates, oldest first, as its stream tells them. The stream is one of the few connections a browser gives an origin,
 * so it is closed while the page is not seen or the broker does not answer; the broker sends what was missed at the next opening.
 */
export function useRates(isAnswering: boolean): readonly RateSample[] {
  const [samples, setSamples] = useState<readonly RateSample[]>([]);
  const isVisible = useIsVisible();
  useEffect(() => {
    if (!isAnswering || !isVisible) return undefined;
    const stream = new EventSource("/api/v1/metrics/stream");
    stream.addEventListener("rates", ({ data }: MessageEvent<string>) => {
      const sample = JSON.parse(data) as RateSample;
      setSamples((last) => withSample(last, sample));
    });
    return () => stream.close();
  }, [isAnswering, isVisible]);
  return samples;
}

/** A stream that is opened again begins with samples which are known already. */
function withSample(samples: readonly RateSample[], sample: RateSample): readonly RateSample[] {
  if (sample.at <= (samples.at(-1)?.at ?? 0)) return samples;
  return [...samples, sample].slice(-MAXIMUM_SAMPLES);
}
