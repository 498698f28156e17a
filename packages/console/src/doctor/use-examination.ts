import type { PageDoctorOptions, Report } from "@bowline/doctor/browser";
import { useState } from "preact/hooks";
import { RequestFailure, send } from "../admin/admin-api.ts";

/** What the form asks for. */
export interface Question {
  readonly url: string;
  readonly options: PageDoctorOptions;
  /** Whether the broker's machine is to look too. */
  readonly asksBroker: boolean;
}

export interface Examination {
  readonly isBusy: boolean;
  /** What both saw, or what the page saw where the broker did not look. */
  readonly report: Report | undefined;
  /** Why the broker did not look; empty when it did, or was not asked. */
  readonly refusal: string;
  readonly examine: (question: Question) => Promise<void>;
}

/** Examines a connection in this page and, where asked, from the broker's machine at the same time. */
export function useExamination(): Examination {
  const [isBusy, setBusy] = useState(false);
  const [report, setReport] = useState<Report>();
  const [refusal, setRefusal] = useState("");
  const examine = async (question: Question): Promise<void> => {
    if (isBusy) return;
    setBusy(true);
    setReport(undefined);
    setRefusal("");
    try {
      // Rules and texts weigh more than all other pages together: they come when they are asked for.
      const doctor = await import("@bowline/doctor/browser");
      const [seen, outside] = await Promise.all([
        doctor.examine(question.url, question.options),
        question.asksBroker ? fromOutside(question) : undefined,
      ]);
      setRefusal(outside instanceof RequestFailure ? outside.message : "");
      setReport(outside === undefined || outside instanceof RequestFailure ? seen : doctor.mergeOutside(seen, outside));
    } catch (error) {
      setRefusal(error instanceof Error ? error.message : String(error));
    } finally {
      setBusy(false);
    }
  };
  return { isBusy, report, refusal, examine };
}

/** What the broker's machine sees, with this page's origin. */
function fromOutside({ url, options }: Question): Promise<Report | RequestFailure> {
  const { username, password, clientId, protocolVersion, topic } = options;
  const given = { username, password, clientId, protocolVersion, topic, origin: location.origin };
  return send<Report>("POST", "doctor", { url, ...given }).catch((error: unknown) =>
    error instanceof RequestFailure ? error : new RequestFailure(0, String(error)),
  );
}
