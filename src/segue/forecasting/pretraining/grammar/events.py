"""Events that change a series: shifts, spikes, counting, censoring, rounding, and splices of two series."""

import torch
from jaxtyping import Bool
from torch import Generator, Tensor

from segue.forecasting.pretraining.grammar.artefacts import amplitude_drift, held, periodic_spikes
from segue.forecasting.pretraining.grammar.combinators import PerSeries, Series, deviation
from segue.forecasting.pretraining.grammar.draws import chance, log_normal, log_uniform, normal, pick, uniform


def shift_level(values: Series, start: PerSeries, height: PerSeries) -> Series:
    """Adds `height` from step `start` on."""
    time = torch.arange(values.shape[1], device=values.device)[None]
    return values + height * (time >= start)


def censor(values: Series, bound: PerSeries) -> Series:
    """Replaces values above `bound` by it."""
    return torch.minimum(values, bound)


def round_to(values: Series, unit: PerSeries) -> Series:
    """The nearest multiple of `unit`."""
    return (values / unit).round() * unit


def count_events(generator: Generator, rate: Series) -> Series:
    """Poisson counts with the given mean."""
    return torch.poisson(rate, generator=generator)


def splice(early: Series, late: Series, middle: PerSeries, width: PerSeries) -> Series:
    """`early` before, `late` after, a sigmoid of the given width in steps around the step `middle`."""
    time = torch.arange(early.shape[1], device=early.device)[None]
    return early + torch.sigmoid((time - middle) / width) * (late - early)


def quantile(values: Series, share: PerSeries) -> PerSeries:
    """The quantile of each series at the level `share`."""
    index = (share * (values.shape[1] - 1)).long()
    return values.sort(1).values.gather(1, index)


def moving_mean(values: Series, window: PerSeries) -> Series:
    """The mean of the last `window` steps (a whole number), or of fewer at the start."""
    time = torch.arange(values.shape[1], device=values.device)[None]
    sums = values.double().cumsum(1)
    before = time - window.long()
    earlier = torch.where(before >= 0, sums.gather(1, before.clamp(min=0)), 0.0)
    return ((sums - earlier) / torch.minimum(time + 1, window.long())).to(values.dtype)


def shifts(generator: Generator, values: Series) -> Series:
    """Adds up to three level shifts, denser towards the end, which short histories show."""
    count, length = values.shape
    scale = deviation(values)
    for _ in range(3):
        back = log_uniform(generator, count, 4, length)
        height = scale * normal(generator, count) * chance(generator, count, 0.6)
        values = shift_level(values, (length - back).floor(), height)
    return values


def unrest(generator: Generator, values: Series, begin: PerSeries) -> Series:
    """Adds a random walk, plain or integrated, and to some series a level shift, from step `begin` on.

    Half of the walks start at `begin`, half at a later step, so that a calm past promises no calm future. The deviation
    of the values from `begin` on is the unit, so a short stretch changes as much as a long one. The walk measures 0.15
    to 4 units, and the shift a normal number of them.
    """
    count, length = values.shape
    time = torch.arange(length, device=values.device)[None]
    deviation = _deviation(values, (time >= begin).to(values.dtype))
    later = begin + uniform(generator, count, 0, 1, 2) * (length - begin)  # one for the walk, one for the shift
    start = torch.where(chance(generator, count, 0.5), begin, later[:, :1].floor())
    moving = (time >= start).to(values.dtype)
    walk = (normal(generator, count, length) * moving).cumsum(1)
    walk = torch.where(chance(generator, count, 0.4), walk.cumsum(1), walk)
    size = log_uniform(generator, count, 0.15, 4) * deviation / _deviation(walk, moving).clamp(min=1e-6)
    height = normal(generator, count) * chance(generator, count, 0.3) * deviation
    return shift_level(values + size * walk, later[:, 1:].floor(), height)


def resting(values: Series) -> Bool[Tensor, "series 1"]:
    """Whether a quarter of the values or more equal the least value, as in sales and rain."""
    return (values == values.amin(1, keepdim=True)).to(values.dtype).mean(1, keepdim=True) >= 0.25


def growing(generator: Generator, values: Series, begin: PerSeries) -> Series:
    """Adds a lasting trend from step `begin` to the end, as most counts over years have one.

    Five in six rise, by about 0.1 to 3 mean absolute differences a step; most rates grow with time, at most twentyfold:
    50 years of 6 % growth.
    """
    count, length = values.shape
    time = torch.arange(length, device=values.device)[None]
    since = ((time - begin) / (length - begin)).clamp(min=0)
    bend = uniform(generator, count, -1, 3)
    bend = torch.where(bend.abs() < 0.05, 0.05, bend)
    moves = values.diff(dim=1).abs() * (time[:, 1:] > begin)
    step = moves.sum(1, keepdim=True) / (length - 1 - begin).clamp(min=1)
    rise = log_normal(generator, count, 0.6, 1) * step * pick(generator, count, [1, 1, 1, 1, 1, -1])
    return values + rise * (length - begin) * torch.expm1(bend * since) / torch.expm1(bend)


def compounding(generator: Generator, values: Series, begin: PerSeries) -> Series:
    """Makes a series that grows at a constant mean rate from step `begin` on, with shocks that are per cent, too.

    Economies, audiences and prices do so. The logarithm is a line plus the values, or in a third of the series plus a
    random walk. The line rises by 0.15 to 5, but at most by 0.15 a step; it falls in one of seven series. The values
    have a deviation of 1 % to 60 %, the steps of the walk one of 0.5 % to 15 %.
    """
    count, length = values.shape
    time = torch.arange(length, device=values.device)[None]
    inside = (time >= begin).to(values.dtype)
    rise = torch.minimum(log_uniform(generator, count, 0.15, 5), 0.15 * (length - begin))
    rise = rise * pick(generator, count, [1, 1, 1, 1, 1, 1, -1])
    unit = values / _deviation(values, inside).clamp(min=1e-6)
    walk = log_uniform(generator, count, 0.005, 0.15) * normal(generator, count, length).cumsum(1)
    shocks = torch.where(chance(generator, count, 0.33), walk, log_uniform(generator, count, 0.01, 0.6) * unit)
    path = rise * ((time - begin) / (length - begin)).clamp(min=0) + shocks
    return (path - path[:, -1:]).clamp(-20, 20).exp()  # single precision holds both ends


def _deviation(values: Series, inside: Series) -> PerSeries:
    """The standard deviation of the steps where `inside` is 1."""
    number = inside.sum(1, keepdim=True).clamp(min=1)
    mean = (values * inside).sum(1, keepdim=True) / number
    return (((values - mean) * inside).square().sum(1, keepdim=True) / number).sqrt()


def spikes(generator: Generator, values: Series) -> Series:
    """Adds outliers to 0.2 % to 2 % of the steps: normal, of 2 to 6 standard deviations, mostly to one side."""
    count, length = values.shape
    hit = uniform(generator, count, 0, 1, length) < log_uniform(generator, count, 0.002, 0.02)
    size = uniform(generator, count, 2, 6) * deviation(values)
    one_sided = normal(generator, count, length).abs() * pick(generator, count, [-1, 1, 1])
    shape = torch.where(chance(generator, count, 0.7), one_sided, normal(generator, count, length))
    return values + hit * size * shape


def censored(generator: Generator, values: Series) -> Series:
    """Censors at a quantile, from above or from below."""
    side = pick(generator, len(values), [-1, 1])
    mirrored = values * side
    return censor(mirrored, quantile(mirrored, uniform(generator, len(values), 0.5, 0.95))) * side


def rounded(generator: Generator, values: Series) -> Series:
    """Rounds to multiples of a sixth of a standard deviation, up to more than one."""
    return round_to(values, deviation(values).clamp(min=1e-6) / uniform(generator, len(values), 0.8, 6))


def averaged(generator: Generator, values: Series) -> Series:
    """Replaces values by their moving mean over 2 to 12 steps."""
    return moving_mean(values, log_uniform(generator, len(values), 2, 13).floor())


_ACCIDENTS = (
    (0.08, shifts),
    (0.05, spikes),
    (0.02, periodic_spikes),
    (0.03, amplitude_drift),
    (0.03, averaged),
    (0.03, rounded),
    (0.03, censored),
    (0.02, held),
)


def accidents(generator: Generator, values: Series) -> Series:
    """Applies each of the events to a few per cent of the series."""
    changed = values.clone()
    for probability, change in _ACCIDENTS:
        rows = chance(generator, len(values), probability).squeeze(1).nonzero().squeeze(1)
        if len(rows):
            changed.index_copy_(0, rows, change(generator, changed[rows]))
    return changed
