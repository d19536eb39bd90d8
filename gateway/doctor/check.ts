/** One thing that was looked at. */
export interface Check {
  readonly name: string;
  /** False for a fault: something that the gateway needs does not work. */
  readonly ok: boolean;
  readonly text: string;
  /** What to do; also beside what is no fault, but could be better. */
  readonly remedy?: string;
}
