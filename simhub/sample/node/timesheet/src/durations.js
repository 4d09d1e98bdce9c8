const SECONDS = { h: 3600, m: 60, s: 1 };

// Seconds of a text such as "45m".
export function parseDuration(text) {
  const found = /(\d+)([hms])/.exec(text);
  if (found === null) throw new RangeError(`not a duration: ${text}`);
  return Number(found[1]) * SECONDS[found[2]];
}
