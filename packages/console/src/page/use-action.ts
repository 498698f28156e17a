import { useRef, useState } from "preact/hooks";

/** Something that the user asked the broker for. */
export interface Action {
  readonly isBusy: boolean;
  /** Why the last one failed; empty when it did not. */
  readonly problem: string;
  /** Runs it, if none is under way; answers whether it went well. */
  readonly run: (act: () => Promise<unknown>) => Promise<boolean>;
}

/** Runs requests one at a time, and keeps why the last one failed. */
export function useAction(): Action {
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState("");
  // At once, and not with the next drawing: a second click may come before it.
  const isUnderWay = useRef(false);
  const run = async (act: () => Promise<unknown>): Promise<boolean> => {
    if (isUnderWay.current) return false;
    isUnderWay.current = true;
    setBusy(true);
    setProblem("");
    try {
      await act();
      return true;
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
      return false;
    } finally {
      isUnderWay.current = false;
      setBusy(false);
    }
  };
  return { isBusy, problem, run };
}
