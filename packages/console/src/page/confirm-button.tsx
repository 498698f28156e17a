import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

export interface ConfirmButtonProps {
  /** What it does, as a verb. */
  readonly label: string;
  /** What it does to whom, for whoever hears the button alone. */
  readonly name: string;
  /** It takes nothing away. */
  readonly isHarmless?: boolean;
  readonly isBusy?: boolean;
  readonly onConfirm: () => void;
}

/** A button for what cannot be taken back: the first press asks, the second one does it. Leaving it is an answer too. */
export function ConfirmButton({ label, name, isHarmless = false, isBusy = false, onConfirm }: ConfirmButtonProps): JSX.Element {
  const [isAsking, setAsking] = useState(false);
  const yes = useRef<HTMLButtonElement>(null);
  const ask = useRef<HTMLButtonElement>(null);
  const wasAsking = useRef(false);
  useEffect(() => {
    if (isAsking) yes.current?.focus();
    // The button that had the focus is gone: whoever works by keyboard goes on where the question came from.
    else if (wasAsking.current) ask.current?.focus();
    wasAsking.current = isAsking;
  }, [isAsking]);
  if (!isAsking) {
    return (
      <button
        type="button"
        class={isHarmless ? "quiet" : "quiet danger"}
        aria-label={name}
        disabled={isBusy}
        ref={ask}
        onClick={() => setAsking(true)}
      >
        {label}
      </button>
    );
  }
  const confirm = (): void => {
    setAsking(false);
    onConfirm();
  };
  return (
    <span class="confirm" role="group" aria-label={`${name}?`} onKeyDown={(event) => event.key === "Escape" && setAsking(false)}>
      <button type="button" class={isHarmless ? undefined : "danger"} ref={yes} onClick={confirm}>
        {label}?
      </button>
      <button type="button" class="quiet" onClick={() => setAsking(false)}>
        No
      </button>
    </span>
  );
}
