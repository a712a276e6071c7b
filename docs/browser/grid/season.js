// The season that series with counted times show in their autocorrelation, as in the library (grid/seasons.py).

export const MOST_SERIES = 64;
export const MOST_STEPS = 4_000; // that a season is inferred from
const MOST_LAG = 1_000;
const SCALES = [1, 4, 16]; // steps that are averaged before differences, so that noise hides no long, smooth season
const SIGNIFICANT = 4.5; // standard errors of white noise
const LEAST = 0.15;
const DIPS = 0.5;
const LASTS = 0.7;
const SHORTEST = 0.7; // parts of the autocorrelation; see the library
const LAGS_THAT_LAST = 40;
const MOST_DEVIATIONS = 3;
const COMB = 8;

const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);
const mean = (numbers) => sum(numbers) / numbers.length;
const least = (numbers, known) => numbers.filter((_, index) => known[index]).sort();

// The differences between neighbouring means of `scale` values, and whether all of these are observed.
function changesOf(scale, lane) {
  const size = lane.reduce((most, value) => (Number.isNaN(value) ? most : Math.max(most, Math.abs(value))), 0);
  const total = new Float64Array(lane.length + 1);
  const count = new Float64Array(lane.length + 1);
  lane.forEach((value, step) => {
    const missing = Number.isNaN(value);
    total[step + 1] = total[step] + (missing || !size ? 0 : value / size);
    count[step + 1] = count[step] + (missing ? 0 : 1);
  });
  const width = Math.max(0, lane.length + 1 - 2 * scale);
  const part = (step) => total[step + scale] - total[step];
  const whole = (step) => count[step + scale] - count[step] === scale;
  const changes = Float64Array.from({ length: width }, (_, step) => part(step + scale) - part(step));
  const known = Uint8Array.from({ length: width }, (_, step) => Number(whole(step + scale) && whole(step)));
  return { changes, known };
}

// The changes around their median in usual sizes, cut off: outliers and growth then hide no season and make none.
function evenOf({ changes, known }) {
  const count = Math.max(sum(known), 1);
  const half = Math.floor(count / 2);
  const middle = least(changes, known)[half] ?? 0;
  const centred = changes.map((change, step) => (known[step] ? change - middle : 0));
  const deviation = Math.sqrt(sum(centred.map((change) => change ** 2)) / count);
  const typical = 1.5 * (least(centred.map(Math.abs), known)[half] ?? Infinity);
  const usual = typical > deviation / 100 && Number.isFinite(typical) ? typical : deviation;
  const even = centred.map((change) =>
    deviation > 1e-9 ? Math.min(Math.max(change / usual, -MOST_DEVIATIONS), MOST_DEVIATIONS) : 0,
  );
  const shift = sum(even) / count;
  return even.map((change, step) => (known[step] ? change - shift : 0));
}

// The number of independent series that are worth as much as these; copies of one series are worth one.
function independent(evens) {
  const units = evens.map((even) => {
    const size = Math.sqrt(sum(even.map((change) => change ** 2)));
    return size > 0 ? even.map((change) => change / size) : even.map(() => 0);
  });
  const product = (a, b) => a.reduce((total, value, step) => total + value * b[step], 0);
  const squares = sum(units.map((a) => sum(units.map((b) => product(a, b) ** 2))));
  const varied = units.filter((unit) => unit.some(Boolean)).length;
  const kurtosis =
    (sum(units.map((unit) => sum(unit.map((value) => value ** 4)))) * evens[0].length) / Math.max(varied, 1);
  return squares > 0 ? (varied ** 2 / squares) * Math.min(1, 3 / kurtosis) : 1;
}

// The mean of the autocorrelations of all series, up to a lag; zero where few pairs are known.
function autocorrelation(evens, knowns, lags) {
  const share = new Float64Array(lags + 1);
  let all = 0;
  for (let lag = 0; lag <= lags; lag += 1) {
    let products = 0;
    let together = 0;
    evens.forEach((even, lane) => {
      const known = knowns[lane];
      for (let step = lag; step < even.length; step += 1) {
        products += even[step] * even[step - lag];
        together += known[step] & known[step - lag];
      }
    });
    if (lag === 0) all = together;
    share[lag] = together > all / 8 ? products / together : 0;
  }
  const [variance] = share;
  return variance > 0 ? share.map((value) => value / variance) : share;
}

// Whether the autocorrelation lasts: at the later multiples of a season, up to 40 steps or three seasons.
function returns(correlation, season) {
  const count = Math.max(3, Math.floor(LAGS_THAT_LAST / season));
  const all = Array.from({ length: count - 1 }, (_, index) => season * (index + 2));
  if (season === 2 && all.at(-1) >= correlation.length) return false;
  const multiples = all.filter((lag) => lag < correlation.length);
  const later = multiples.slice(Math.floor(multiples.length / 2)).map((lag) => correlation[lag]);
  return later.length > 0 && mean(later) >= LASTS * correlation[season];
}

// The season within a tenth of this one whose multiples have the highest autocorrelation.
function refined(correlation, season) {
  const tenth = Math.floor(season / 10);
  const begin = Math.max(2, season - tenth);
  const end = season + tenth;
  const count = Math.min(Math.max(1, Math.floor((correlation.length - 1) / end)), COMB);
  let best = begin;
  let most = -Infinity;
  for (let near = begin; near <= end; near += 1) {
    const comb = mean(Array.from({ length: count }, (_, index) => correlation[near * (index + 1)]));
    if (comb > most) [best, most] = [near, comb];
  }
  return best;
}

function seasonAt(scale, lanes) {
  const parts = lanes.map((lane) => changesOf(scale, lane));
  const length = Math.max(...parts.map(({ known }) => sum(known)));
  const most = Math.min(MOST_LAG, Math.floor(length / 3));
  const shortest = scale === 1 ? 2 : 2 * scale + 1;
  if (most < shortest + 1) return 0;
  const evens = parts.map(evenOf);
  const pairs = independent(evens) * length;
  const correlation = autocorrelation(
    evens,
    parts.map(({ known }) => known),
    Math.min(Math.floor((5 * most) / 2), evens[0].length - 1),
  );
  const threshold = Math.max(LEAST, SIGNIFICANT * Math.sqrt((1.5 * scale) / pairs));
  const at = (lag) => correlation[lag];
  const peaks = Array.from({ length: most }, (_, index) => index + 1).filter(
    (lag) => at(lag) >= at(lag - 1) && at(lag) >= at(lag + 1) && lag >= shortest && at(lag) >= threshold,
  );
  const highest = peaks.reduce((top, lag) => Math.max(top, at(lag)), 0);
  for (const season of peaks.filter((lag) => at(lag) >= SHORTEST * highest)) {
    const quarter = Math.floor(season / 4);
    const between = mean(correlation.slice(Math.max(1, quarter), season - quarter + 1 - Number(season < 4)));
    if (between < DIPS * at(season) && returns(correlation, season)) return refined(correlation, season);
  }
  return 0;
}

// Aligned at their ends, as the library has them: a shorter lane begins with missing values.
function aligned(lanes) {
  const width = Math.max(...lanes.map((lane) => lane.length));
  return lanes.map((lane) =>
    Float64Array.from({ length: width }, (_, step) => lane[step - width + lane.length] ?? NaN),
  );
}

// Infers the season that lanes share; empty if none is significant. A missing value is NaN.
export function seasonIn(lanes) {
  if (!lanes.some((lane) => lane.some((value) => !Number.isNaN(value)))) return [];
  const even = aligned(lanes);
  for (const scale of SCALES) {
    const season = seasonAt(scale, even);
    if (season) return [season];
  }
  return [];
}
