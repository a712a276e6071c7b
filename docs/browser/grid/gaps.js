// The sizes of the gaps between neighbouring times of all series, and how many have each.

export function gapSizes(gaps) {
  const counts = new Map();
  for (const size of gaps) counts.set(size, (counts.get(size) ?? 0) + 1);
  const distinct = [...counts.keys()].sort((a, b) => a - b);
  const common = distinct.reduce(
    (best, size) => (counts.get(size) > (counts.get(best) ?? 0) ? size : best),
    distinct[0],
  );
  return { distinct, common, total: gaps.length, share: (counts.get(common) ?? 0) / gaps.length };
}
