// Times, sizes and names as people read them, in the browser's own language and clock.

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const ticking = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "medium" });
const weekday = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });
const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });

const DAY = 86_400_000;

export const timeOf = (at) => clock.format(at);
export const secondOf = (at) => ticking.format(at);
export const exactTimeOf = (at) => exact.format(at);

export function dayOf(at) {
  const date = new Date(at);
  return `${date.getFullYear()}-${date.getMonth() + 1}-${date.getDate()}`;
}

/** "Today", "Yesterday" or the date. */
export function dayWords(at) {
  const start = (time) => new Date(time).setHours(0, 0, 0, 0);
  const days = Math.round((start(at) - start(Date.now())) / DAY);
  const words = days > -2 ? relative.format(days, "day") : weekday.format(at);
  return words.charAt(0).toLocaleUpperCase() + words.slice(1);
}

/** Seconds as m:ss. */
export function lengthOf(seconds) {
  const whole = Math.max(0, Math.round(Number.isFinite(seconds) ? seconds : 0));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

export function tookWords(milliseconds) {
  if (milliseconds < 10) return `${milliseconds.toFixed(1)} ms`;
  if (milliseconds < 10_000) return `${Math.round(milliseconds)} ms`;
  return `${(milliseconds / 1000).toFixed(1)} s`;
}

export function initialOf(name) {
  const [first] = graphemes.segment(name.trim());
  return (first?.segment ?? "?").toLocaleUpperCase();
}

/** The first `limit` characters, never half of one. */
export function shortened(text, limit) {
  const line = text.replace(/\s+/g, " ").trim();
  if (line.length <= limit) return line;
  let taken = "";
  for (const { segment } of graphemes.segment(line.slice(0, limit * 2))) {
    if (taken.length + segment.length > limit) break;
    taken += segment;
  }
  return `${taken.trimEnd()}…`;
}
