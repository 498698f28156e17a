import { useCallback, useEffect, useState } from "preact/hooks";
import { getResource, RequestFailure } from "../admin/admin-api.ts";
import { useIsVisible } from "./use-is-visible.ts";

/** What a part of the admin API answered last. */
export interface Resource<T> {
  /** Undefined before the first answer. It stays when a later request fails. */
  readonly value: T | undefined;
  readonly problem: RequestFailure | undefined;
  /** Asks again now, as after a change. */
  readonly refresh: () => void;
}

/** A request costs the broker time; the next one comes no earlier than so many times of it later. */
const REST = 10;

/**
 * What stands at a path of the admin API, asked for again and again while the page can be seen. Rows of a path that changed stay until
 * the new ones are there, so that nothing flickers.
 */
export function useResource<T>(path: string, everyMs: number): Resource<T> {
  const [answer, setAnswer] = useState<Pick<Resource<T>, "value" | "problem">>({ value: undefined, problem: undefined });
  const [turn, setTurn] = useState(0);
  const isVisible = useIsVisible();
  useEffect(() => {
    if (!isVisible) return undefined;
    const end = new AbortController();
    let timer = 0;
    const ask = async (): Promise<void> => {
      const startedAt = performance.now();
      const next = await getResource<T>(path, end.signal).then(
        (value) => ({ value, problem: undefined }),
        (problem: unknown) => ({ problem: problem instanceof RequestFailure ? problem : new RequestFailure(0, String(problem)) }),
      );
      if (end.signal.aborted) return;
      setAnswer((last) => ({ ...last, ...next }));
      // Nobody is signed in: what is asked until somebody is would only be refused.
      if (next.problem?.isSignedOut === true) return;
      timer = setTimeout(() => void ask(), Math.max(everyMs, REST * (performance.now() - startedAt)));
    };
    void ask();
    return () => {
      end.abort();
      clearTimeout(timer);
    };
  }, [path, everyMs, isVisible, turn]);
  const refresh = useCallback(() => setTurn((last) => last + 1), []);
  return { ...answer, refresh };
}
