"""What happens to a series: shifts, spikes, counting, censoring, rounding, one series handing over to another."""

import torch
from jaxtyping import Bool
from torch import Generator, Tensor

from segue.forecasting.pretraining.grammar.artefacts import appointments, held, swelling
from segue.forecasting.pretraining.grammar.combinators import PerSeries, Series, sometimes
from segue.forecasting.pretraining.grammar.draws import chance, log_normal, log_uniform, normal, pick, uniform


def shift_level(values: Series, start: PerSeries, height: PerSeries) -> Series:
    """Add `height` from step `start` on."""
    time = torch.arange(values.shape[1], device=values.device)[None]
    return values + height * (time >= start)


def censor(values: Series, bound: PerSeries) -> Series:
    """Nothing above `bound`."""
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
    """The value that a `share` of the steps lies below."""
    index = (share * (values.shape[1] - 1)).long()
    return values.sort(1).values.gather(1, index)


def moving_mean(values: Series, window: PerSeries) -> Series:
    """The mean of the last `window` steps (whole numbers), of those there are at the start."""
    time = torch.arange(values.shape[1], device=values.device)[None]
    sums = values.double().cumsum(1)
    before = time - window.long()
    earlier = torch.where(before >= 0, sums.gather(1, before.clamp(min=0)), 0.0)
    return ((sums - earlier) / torch.minimum(time + 1, window.long())).to(values.dtype)


def shifts(generator: Generator, values: Series) -> Series:
    """Up to three level shifts, denser towards the end, where short histories look."""
    count, length = values.shape
    spread = values.std(1, keepdim=True)
    for _ in range(3):
        back = log_uniform(generator, count, 4, length)
        height = spread * normal(generator, count) * chance(generator, count, 0.6)
        values = shift_level(values, (length - back).floor(), height)
    return values


def unrest(generator: Generator, values: Series, begin: PerSeries) -> Series:
    """A random walk on top, plain or integrated, and at times a level shift, none of it before step `begin`.

    Half of the walks set out at `begin`, half at a later step, so that a calm past promises no calm future. The
    walk measures 0.1 to 2 times, the shift a normal number of times the deviation of what follows `begin`: a short
    stretch gets as restless as a long one.
    """
    count, length = values.shape
    time = torch.arange(length, device=values.device)[None]
    deviation = _deviation(values, (time >= begin).to(values.dtype))
    later = begin + uniform(generator, count, 0, 1, 2) * (length - begin)  # one for the walk, one for the shift
    start = torch.where(chance(generator, count, 0.5), begin, later[:, :1].floor())
    moving = (time >= start).to(values.dtype)
    walk = (normal(generator, count, length) * moving).cumsum(1)
    walk = torch.where(chance(generator, count, 0.4), walk.cumsum(1), walk)
    size = log_uniform(generator, count, 0.1, 2) * deviation / _deviation(walk, moving).clamp(min=1e-6)
    height = normal(generator, count) * chance(generator, count, 0.3) * deviation
    return shift_level(values + size * walk, later[:, 1:].floor(), height)


def resting(values: Series) -> Bool[Tensor, "series 1"]:
    """Whether a series rests on its least value in a quarter of its steps or more, as sales and rain do."""
    return (values == values.amin(1, keepdim=True)).to(values.dtype).mean(1, keepdim=True) >= 0.25


def growing(generator: Generator, values: Series, begin: PerSeries) -> Series:
    """A trend that lasts, from step `begin` to the end, as most of what people count over years has one.

    Five in six rise, by some 0.1 to 3 mean steps a step, and grow at a rate that itself mostly grows.
    """
    count, length = values.shape
    time = torch.arange(length, device=values.device)[None]
    since = ((time - begin) / (length - begin)).clamp(min=0)
    bend = uniform(generator, count, -1, 2)
    bend = torch.where(bend.abs() < 0.05, 0.05, bend)
    moves = values.diff(dim=1).abs() * (time[:, 1:] > begin)
    step = moves.sum(1, keepdim=True) / (length - 1 - begin).clamp(min=1)
    rise = log_normal(generator, count, 0.6, 1) * step * pick(generator, count, [1, 1, 1, 1, 1, -1])
    return values + rise * (length - begin) * torch.expm1(bend * since) / torch.expm1(bend)


def _deviation(values: Series, inside: Series) -> PerSeries:
    """The standard deviation of the steps where `inside` is 1."""
    number = inside.sum(1, keepdim=True).clamp(min=1)
    mean = (values * inside).sum(1, keepdim=True) / number
    return (((values - mean) * inside).square().sum(1, keepdim=True) / number).sqrt()


def spikes(generator: Generator, values: Series) -> Series:
    """Outliers, normal with 2 to 6 standard deviations, on 0.2 % to 2 % of the steps, mostly to one side."""
    count, length = values.shape
    hit = uniform(generator, count, 0, 1, length) < log_uniform(generator, count, 0.002, 0.02)
    size = uniform(generator, count, 2, 6) * values.std(1, keepdim=True)
    one_sided = normal(generator, count, length).abs() * pick(generator, count, [-1, 1, 1])
    shape = torch.where(chance(generator, count, 0.7), one_sided, normal(generator, count, length))
    return values + hit * size * shape


def censored(generator: Generator, values: Series) -> Series:
    """Censored at a quantile, from above or from below."""
    side = pick(generator, len(values), [-1, 1])
    mirrored = values * side
    return censor(mirrored, quantile(mirrored, uniform(generator, len(values), 0.5, 0.95))) * side


def rounded(generator: Generator, values: Series) -> Series:
    """In steps of a sixth of a standard deviation to more than one."""
    return round_to(values, values.std(1, keepdim=True).clamp(min=1e-6) / uniform(generator, len(values), 0.8, 6))


def averaged(generator: Generator, values: Series) -> Series:
    """Reported as a moving mean over 2 to 12 steps."""
    return moving_mean(values, log_uniform(generator, len(values), 2, 13).floor())


_ACCIDENTS = (
    (0.08, shifts),
    (0.05, spikes),
    (0.02, appointments),
    (0.03, swelling),
    (0.03, averaged),
    (0.03, rounded),
    (0.03, censored),
    (0.02, held),
)


def accidents(generator: Generator, values: Series) -> Series:
    """Each of the events on a few per cent of the series."""
    for probability, change in _ACCIDENTS:
        values = sometimes(generator, values, probability, change)
    return values
