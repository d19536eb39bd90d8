import { counted } from '../../core/text.ts';

/** How long ago a time is, in words: "2 hours", "1 day", "5 months". `since` is RFC 3339. */
export function ageInWords(since: string, now: Date): string {
  const hours = Math.max(0, Math.floor((now.getTime() - Date.parse(since)) / 3_600_000));
  if (hours < 48) return hours < 1 ? 'less than an hour' : counted(hours, 'hour');
  const days = Math.floor(hours / 24);
  return days < 60 ? counted(days, 'day') : counted(Math.floor(days / 30.44), 'month');
}
