// Quantile levels of the model, and linear interpolation between them.

export const LEVELS = [0.01, 0.025, 0.05, 0.1, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.9, 0.95, 0.975, 0.99];

// The quantiles of one step at other levels, each within the first and the last of `LEVELS`.
export function atLevels(quantiles, levels) {
  return levels.map((level) => {
    const right = LEVELS.findIndex((given) => given >= level);
    if (LEVELS[right] === level) return quantiles[right];
    const share = (level - LEVELS[right - 1]) / (LEVELS[right] - LEVELS[right - 1]);
    return quantiles[right - 1] + share * (quantiles[right] - quantiles[right - 1]);
  });
}

// The quantiles of values at `LEVELS`, as numpy interpolates them.
export function quantilesOf(values) {
  const ordered = Float64Array.from(values).sort();
  return LEVELS.map((level) => {
    const place = level * (ordered.length - 1);
    const left = Math.floor(place);
    const share = place - left;
    const low = ordered[left];
    const high = ordered[Math.min(left + 1, ordered.length - 1)];
    return low + (high - low) * share;
  });
}

// The levels of the bounds of an interval in per cent.
export function boundsOf(percent) {
  const round = (level) => Number(level.toFixed(12));
  return [round(0.5 - percent / 200), round(0.5 + percent / 200)];
}
