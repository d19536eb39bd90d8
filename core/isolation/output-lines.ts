/** Longer lines are left out as a whole: half of a secret would get past redaction. */
const LONGEST = 16_384;

/** Splits what a program writes into lines, without their ends and without empty ones; feed it texts. */
export function outputLines(onLine: (line: string) => void): (text: string) => void {
  let rest = '';
  let skipping = false;
  return (text) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (skipping || line.length > LONGEST) onLine(`[a line of more than ${LONGEST} characters]`);
      else if (line.trim() !== '') onLine(line.endsWith('\r') ? line.slice(0, -1) : line);
      skipping = false;
    }
    if (rest.length > LONGEST) {
      rest = '';
      skipping = true;
    }
  };
}
