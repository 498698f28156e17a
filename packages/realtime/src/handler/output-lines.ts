/** A line longer than that is cut. */
const LINE_LENGTH_MAX = 2_000;

/** Makes lines of what a program prints. What has no end of line is told when it is too long, and costs no more memory than that. */
export class OutputLines {
  readonly #tell: (line: string) => void;
  #line = "";
  #wasTold = false;

  constructor(tell: (line: string) => void) {
    this.#tell = tell;
  }

  push(text: string): void {
    const [first = "", ...others] = text.split("\n");
    this.#add(first);
    for (const part of others) {
      this.#endLine();
      this.#add(part);
    }
  }

  /** Nothing more comes. */
  end(): void {
    if (this.#line !== "") this.#endLine();
  }

  #endLine(): void {
    if (!this.#wasTold) this.#tell(this.#line.replace(/\r$/, ""));
    this.#line = "";
    this.#wasTold = false;
  }

  #add(part: string): void {
    if (this.#wasTold) return;
    this.#line += part.slice(0, LINE_LENGTH_MAX);
    if (this.#line.length < LINE_LENGTH_MAX) return;
    this.#tell(this.#line.slice(0, LINE_LENGTH_MAX));
    this.#line = "";
    this.#wasTold = true;
  }
}
