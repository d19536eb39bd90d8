/** Words in a text that try to steer a model behind its user's back. */
export interface SuspiciousText {
  /** The words, as they stand in the text. */
  readonly literal: string;
  readonly fact: string;
}

/**
 * Most texts hold none of these and need no closer look. Several small expressions are three times
 * as quick as one large alternation.
 */
const TRIGGERS = [
  /\b(?:ignor|disregard|forget|overrid|bypass|important|system|secret|hidden|admin|tell|inform|mention|notify|alert|reveal|disclos|know|notic|aware|consent|silent|covert|id_|credentials|mcp\.json|claude|passwd|shadow)/i,
  /<!--/,
  /[A-Za-z0-9+/_-]{100}/,
  /\s{19}/,
];

const PATTERNS: readonly (readonly [RegExp, string])[] = [
  [
    /\b(?:ignore|disregard|forget|override|bypass)\s+(?:(?:all|any|every|the|your|these|those|of|my)\s+){0,4}(?:previous|prior|above|earlier|preceding|existing|original|other|system|safety|initial)\s+(?:(?:system|user|safety|given)\s+)?(?:instruction|prompt|message|rule|direction|guideline|context|command)s?/i,
    'it tells a model to disregard its instructions',
  ],
  [
    /<\s*\/?\s*(?:very[_ -]?)?(?:important|system|secret|hidden|admin|system[_ -]?(?:prompt|message|reminder)|hidden[_ -]?instructions?)\s*>/i,
    'it poses as an instruction of the system',
  ],
  [
    /\b(?:(?:do not|don't|dont|never|must not|should not)\s+(?:(?:ever|also|explicitly|directly)\s+)?(?:tell|inform|mention|notify|alert|reveal|disclose)|without\s+(?:telling|informing|mentioning|notifying|alerting))\s+(?:\w+\s+){0,4}?(?:to\s+)?(?:the\s+|your\s+)?(?:user|human|person)\b/i,
    'it tells a model to keep something from its user',
  ],
  [
    /\b(?:without|so that)\s+(?:the\s+)?user(?:'s|s')?\s+(?:\w+\s+)?(?:knowledge|knowing|noticing|awareness|consent|is not aware|does not (?:know|notice))/i,
    'it tells a model to act behind the back of its user',
  ],
  [
    /\b(?:secretly|covertly|silently)\s+(?:and\s+\w+\s+|also\s+)?(?:send|copy|read|forward|upload|include|append|bcc|exfiltrate|collect|pass)\b/i,
    'it tells a model to act in secret',
  ],
  [
    /\b(?:read|cat|open|load|fetch|send|upload|include|copy|pass)\b[^\n]{0,60}?(?:~?\/?\.ssh\/id_\w+|\bid_rsa\b|\.aws\/credentials|\.cursor\/mcp\.json|\.claude\.json|claude_desktop_config\.json|\/etc\/(?:passwd|shadow))/i,
    'it points a model at credentials of the user',
  ],
  [
    /<!--\s*[^\s>-][\s\S]{10,2000}?-->/,
    'an HTML comment is invisible on pages, but a model reads it',
  ],
  [/\n(?:[ \t]*\n){19,}|[ \t\u00a0]{200,}/, 'a long gap moves what follows out of sight'],
];

/** Base64 of this many characters carries a paragraph of text that no reviewer reads. */
const BLOB = /[A-Za-z0-9+/_-]{100,}={0,2}/g;

/**
 * Signs of instructions that are meant for a model and hidden from people (tool poisoning). The
 * patterns are narrow: texts such as "you must call this first" are how honest tools are described.
 */
export function hiddenInstructions(text: string): SuspiciousText[] {
  if (text.length < 8 || !TRIGGERS.some((trigger) => trigger.test(text))) return [];
  const found: SuspiciousText[] = [];
  for (const [pattern, fact] of PATTERNS) {
    const match = pattern.exec(text);
    if (match) found.push({ literal: match[0].trim(), fact });
  }
  const blob = text.match(BLOB)?.find(isEncoded);
  if (blob)
    found.push({ literal: blob, fact: `it holds ${blob.length} characters of encoded data` });
  return found;
}

/** Paths and identifiers are long too, but made of short words; base64 hardly ever has a break. */
function isEncoded(blob: string): boolean {
  const longest = Math.max(...blob.split(/[/_-]/).map((part) => part.length));
  return longest >= 32 && /[a-z]/.test(blob) && /[A-Z]/.test(blob) && /[0-9]/.test(blob);
}
