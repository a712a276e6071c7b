"""The cases on which constants of answers are measured: days of prices with known columns, and series with cycles."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from segue.forecasting.answers.covariates import Given, with_known
from segue.forecasting.evaluation.metrics import DECILES, coverage
from segue.forecasting.known import Known
from segue.forecasting.predictor import LEVELS
from segue.forecasting.table.grid.origins import Origins
from segue.forecasting.table.grid.panel import Panel
from segue.forecasting.table.layout import Layout
from segue.forecasting.table.reading import read_frame

HORIZON, APART = 24, 9  # hours; nine days from one window to the next, so that windows begin on each weekday


@dataclass(frozen=True, eq=False)
class Case:
    """Windows of a table with known columns; `before` are the steps of each series before the first window."""

    name: str
    panel: Panel
    origins: Origins
    before: np.ndarray
    horizon: int = HORIZON

    @property
    def season(self) -> int:
        return self.panel.season

    def known(self, width: int) -> Known:
        """The known columns beside the last `width` steps before each window, and ahead; fully trusted."""
        values, weights = self.origins.known_lanes(np.arange(len(self.origins)), width, self.horizon)
        return Known(values, np.ones_like(weights))


def cases(data: Path, windows: int, noise: bool = True) -> Iterator[Case]:
    """Three markets, all of them as one panel, and the first with a column of noise in the place of its own."""
    markets = {name: pd.read_parquet(data / f"epf_{name.lower()}.parquet") for name in ("NP", "PJM", "FR")}
    for name, frame in markets.items():
        own = [column for column in frame if column not in ("unique_id", "ds", "y")]
        markets[name] = frame.rename(columns=dict(zip(own, ("first", "second"), strict=True)))
        yield case(name, markets[name], ["first", "second"], windows)
    if noise:
        together = pd.concat([frame.iloc[-9000:] for frame in markets.values()], ignore_index=True)
        yield case("three markets", together, ["first", "second"], windows // 3)
        random = np.random.default_rng(0)
        for name in ("NP", "PJM"):
            frame = markets[name].assign(noise=random.normal(size=len(markets[name])))
            yield case(f"{name}, noise", frame, ["noise"], windows)


def case(name: str, frame: pd.DataFrame, columns: list[str], windows: int) -> Case:
    """The last windows of each series of a table."""
    layout = Layout(freq="h")
    reading = with_known(read_frame(frame, layout), Given(frame, None, columns, None), layout, 0)
    panel = reading.panel
    trusted = replace(panel, known=replace(panel.known, weights=np.ones(len(panel))))
    series = np.repeat(np.arange(len(panel)), windows)
    back = HORIZON * (1 + APART * np.tile(np.arange(windows)[::-1], len(panel)))
    origins = Origins(trusted, series, np.zeros_like(series), panel.ends[series] - back, HORIZON)
    return Case(name, trusted, origins, panel.ends - int(back.max()))


def judged(actual: np.ndarray, quantiles: np.ndarray) -> dict[str, float]:
    """Mean absolute error, mean quantile loss over deciles, and coverage of the 80 % interval."""
    deciles = quantiles[..., [LEVELS.index(level) for level in DECILES]]
    error = actual[..., None] - deciles
    loss = np.maximum(np.multiply(DECILES, error), np.subtract(DECILES, 1) * error)
    share = coverage(actual, quantiles[..., LEVELS.index(0.1)], quantiles[..., LEVELS.index(0.9)])
    mae = np.nanmean(np.abs(error[..., DECILES.index(0.5)]))
    return {"mae": float(mae), "loss": float(np.nanmean(loss)), "coverage80": float(np.nanmean(share))}


def cycles(count: int) -> Iterator[tuple[str, np.ndarray, int]]:
    """Simulated series of 10 and of 32 cycles of 12 steps: none, or one that makes a share of the variance."""
    random, period = np.random.default_rng(0), 12
    for repeats in (10, 32):
        steps = repeats * period
        noise = random.normal(size=(count, steps))
        persistent = noise.copy()
        for step in range(1, steps):
            persistent[:, step] += 0.8 * persistent[:, step - 1]
        length = f"{repeats} cycles long"
        yield f"white noise, {length}", noise, period
        yield f"AR(1) of .8, {length}", persistent, period
        yield f"random walk, {length}", noise.cumsum(1), period
        shape = np.tile(np.sqrt(2) * np.sin(2 * np.pi * np.arange(period) / period), repeats)
        for share in (0.05, 0.1, 0.2, 0.3, 0.5):
            yield f"a cycle of {share:.0%}, {length}", np.sqrt(share) * shape + np.sqrt(1 - share) * noise, period
