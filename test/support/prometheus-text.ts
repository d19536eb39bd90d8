/** One line of Prometheus' text format. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Reads the text format 0.0.4 and throws for a line that does not belong there. */
export function parsePrometheus(text: string): Sample[] {
  const samples: Sample[] = [];
  const types = new Map<string, string>();
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('# HELP ') || line.startsWith('# UNIT ')) continue;
    const type = /^# TYPE ([a-zA-Z_:][\w:]*) (counter|gauge|histogram|summary|untyped)$/.exec(line);
    if (type) {
      types.set(String(type[1]), String(type[2]));
      continue;
    }
    const match = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)(?: \d+)?$/.exec(line);
    if (!match) throw new Error(`not a line of the format: ${line}`);
    const [, name = '', inner = '', number = ''] = match;
    const family = name.replace(/_(bucket|sum|count|total)$/, '');
    if (!types.has(name) && !types.has(family)) throw new Error(`${name} has no type`);
    const value = number === '+Inf' ? Number.POSITIVE_INFINITY : Number(number);
    if (Number.isNaN(value)) throw new Error(`${name}: ${number} is no number`);
    samples.push({ name, labels: labelsOf(inner), value });
  }
  return samples;
}

function labelsOf(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  const rest = text.replace(/([a-zA-Z_]\w*)="((?:[^"\\\n]|\\.)*)",?/g, (_all, name, value) => {
    labels[name] = value;
    return '';
  });
  if (rest !== '') throw new Error(`not labels: ${text}`);
  return labels;
}
