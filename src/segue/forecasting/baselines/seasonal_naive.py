"""The seasonal naive forecast: next season is like the last one. What every other forecaster has to beat."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float64
from torch import Tensor

from segue.errors import UserError
from segue.forecasting.predictor import LEVELS, Forecast


@dataclass
class SeasonalNaive:
    """The last observed value of the same place in the season (Hyndman & Athanasopoulos, FPP3, section 5.2).

    The quantiles are those of the model behind it, a random walk per place in the season with Gaussian steps
    (section 5.5): the variance is that of the seasonal differences, times the seasons between the value and its
    forecast. A constant or perfectly periodic lane, and a lane of one value, which shows no spread, have zero width.

    Attributes:
        season: Steps in a season. A lane shorter than that, or a place in the season that was never observed, takes
            the last observed value of all.
        context: How many of the last values are looked at.
        name: The column name of the point forecast.
    """

    season: int
    context: int = 8192
    name: str = "SeasonalNaive"

    def __post_init__(self) -> None:
        if self.season < 1:
            raise UserError("season", self.season, "give a whole number of at least 1")

    @property
    def fingerprint(self) -> str:
        """The settings, which are all there is to tell two of them apart."""
        return repr(self)

    def predict(
        self, values: Float64[Tensor, "lanes time"], observed: Bool[Tensor, "lanes time"], horizon: int
    ) -> Forecast:
        """Forecasts the `horizon` values after the last column, as `segue.forecasting.predictor.Predictor` says."""
        values, observed = values[:, -self.context :], observed[:, -self.context :]
        naive = _walk(values, observed, 1, horizon)
        seasonal = _walk(values, observed, self.season, horizon)
        long = observed[:, : max(values.shape[1] - self.season + 1, 0)].any(dim=1)
        known = long[:, None] & seasonal[0].isfinite()
        point, std = (torch.where(known, ours, other) for ours, other in zip(seasonal, naive, strict=True))
        standard = torch.special.ndtri(torch.tensor(LEVELS, dtype=torch.float64, device=values.device))
        return Forecast(point[..., None] + std[..., None] * standard)


def _walk(values: Tensor, observed: Tensor, season: int, horizon: int) -> tuple[Tensor, Tensor]:
    """Points and standard deviations (lanes, horizon) of random walks, one per place in the season.

    Points are NaN where that place was never observed; the deviations are zero where no difference was.
    """
    lanes, time = values.shape
    future = torch.arange(time, time + horizon, device=values.device)
    # the last observed position of each place: the largest, among those a whole number of seasons before the future
    position = torch.arange(time, device=values.device).masked_fill(~observed, -1)
    padding = position.new_full((lanes, -time % season), -1)
    last = torch.cat([padding, position], dim=1).view(lanes, -1, season).amax(dim=1)
    last = last[:, (future - time) % season]
    point = values.gather(1, last.clamp_min(0)).masked_fill(last < 0, torch.nan)
    seasons = (future - last) // season
    both = observed[:, season:] & observed[:, :-season]
    step = (values[:, season:] - values[:, :-season]).masked_fill(~both, 0)
    variance = step.square().sum(dim=1) / both.sum(dim=1).clamp_min(1)
    return point, (variance[:, None] * seasons).sqrt()
