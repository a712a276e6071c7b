"""The model that reads series one token a value: its scale, its state, its forecasts and its loss."""

import numpy as np
import pytest
import torch

from benchmarks.forecasting.arms import CodebookConfig
from benchmarks.forecasting.codebook import CodebookTST, latin_hypercube, next_value_loss
from benchmarks.forecasting.deviation import deviation_scale
from segue.forecasting.predictor import LEVELS, Forecast, predict_lanes

CODEBOOK = CodebookConfig(context=24, bins=64, width=16, layers=2)
backbones = pytest.mark.parametrize("backbone", ["transformer", "lstm", "rnn", "nested"])


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def build(backbone: str = "transformer") -> CodebookTST:
    """A double-precision model with weights large enough that nothing is near zero by luck."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = CodebookTST(CodebookConfig(**{**vars(CODEBOOK), "backbone": backbone})).double().eval()
        for parameter in model.parameters():
            torch.nn.init.normal_(parameter, std=0.2)
    return model


@pytest.fixture
def values() -> torch.Tensor:
    return torch.randn(4, 24, generator=generator(1), dtype=torch.float64).cumsum(1)


def everything(values: torch.Tensor) -> torch.Tensor:
    return torch.ones_like(values, dtype=torch.bool)


def forecast(model: CodebookTST, values: torch.Tensor, observed: torch.Tensor, horizon: int) -> Forecast:
    return predict_lanes(model, values.numpy(), observed.numpy(), np.zeros((len(values), 0)), horizon)


def test_the_deviation_scale_is_the_running_mean_and_the_mean_distance_to_it():
    """Computed plainly, value by value; a missing one leaves the scale as it was."""
    values = torch.tensor([[9.0, 2.0, 4.0, 77.0, 9.0]], dtype=torch.float64)
    observed = torch.tensor([[False, True, True, False, True]])
    scale = deviation_scale(values, observed)
    assert scale.count.tolist() == [[0, 1, 2, 2, 3]]
    assert scale.location[0, 1:].tolist() == pytest.approx([2, 3, 3, 5])
    assert scale.unit[0, 1:].tolist() == pytest.approx([0, 1 / 2, 1 / 2, (0 + 1 + 4) / 3])


@backbones
def test_one_value_at_a_time_is_the_whole(backbone, values):
    """Decoding with a state must be what training saw; catches a scale, a position or a token off by one."""
    model = build(backbone)
    whole, _, _ = model(values, everything(values))
    first, _, state = model(values[:, :20], everything(values)[:, :20])
    logits = [first.classes.logits]
    for step in range(20, 24):
        seen = slice(0, step + 1)
        binned, _, state = model(values[:, seen], everything(values)[:, seen], state, since=step)
        logits.append(binned.classes.logits)
    torch.testing.assert_close(torch.cat(logits, dim=1), whole.classes.logits, rtol=0, atol=1e-10)


@backbones
def test_no_token_sees_the_future(backbone, values):
    model, other = build(backbone), values.clone()
    other[:, 15:] = 1e6
    now, then = (model(lane, everything(values))[0].classes.logits[:, :15] for lane in (values, other))
    torch.testing.assert_close(now, then, rtol=0, atol=1e-10)


@backbones
def test_a_forecast_follows_unit_and_offset_whatever_lanes_are_beside_it(backbone, values):
    """And does not see padding, nor what is not observed."""
    model = build(backbone)
    observed = torch.stack([torch.arange(24) >= 24 - length for length in (24, 24, 9, 3)])
    observed[1, 5:8] = False
    quantiles = forecast(model, values, observed, 6).quantiles
    assert quantiles.shape == (4, 6, len(LEVELS))
    assert (np.diff(quantiles, axis=-1) >= 0).all()
    moved = forecast(model, 3.7 * values.where(observed, 1e9) - 250.0, observed, 6).quantiles
    np.testing.assert_allclose(moved, 3.7 * quantiles - 250.0, rtol=0, atol=1e-8)
    for lane, length in enumerate((24, 24, 9, 3)):
        part = slice(lane, lane + 1), slice(24 - length, None)
        alone = forecast(model, values[part], observed[part], 6).quantiles[0]
        np.testing.assert_allclose(alone, quantiles[lane], rtol=0, atol=1e-10)


def test_odd_lanes_are_forecast_as_every_model_forecasts_them(values):
    """Equal values stay, exactly; steps missing at the end belong to the future; nothing observed has no forecast."""
    model = build()
    equal = torch.full((1, 9), -1e15, dtype=torch.float64)
    assert (forecast(model, equal, everything(equal), 5).quantiles == -1e15).all()
    known = forecast(model, values[:, :20], everything(values)[:, :20], 9).quantiles[:, 4:]
    ending = everything(values)
    ending[:, 20:] = False
    np.testing.assert_allclose(forecast(model, values, ending, 5).quantiles, known, rtol=0, atol=1e-10)
    assert np.isnan(forecast(model, values, ~everything(values), 2).quantiles).all()
    nothing = torch.zeros(2, 0, dtype=torch.float64)
    assert np.isnan(forecast(model, nothing, everything(nothing), 3).quantiles).all()


def test_the_first_step_is_the_distribution_of_the_next_value(values):
    """No path has been drawn yet: the forecast is the distribution itself, up to twenty points of it."""
    model = build()
    binned, scale, _ = model(values, everything(values), since=23)
    expected = scale.restore(binned.quantiles((0.5,)))[:, 0, 0, 0]
    width = scale.unit[:, 0] * 2 * CODEBOOK.reach / CODEBOOK.bins
    error = np.abs(forecast(model, values, everything(values), 1).median[:, 0] - expected.detach().numpy())
    assert (error <= 2 * width.numpy()).all()


def test_the_loss_is_that_of_the_next_values_bin(values):
    """By hand, on one lane: the first value with a scale is the third, the last has no next; a missing one is none."""
    model, observed = build(), everything(values)
    observed[:, 10] = False
    binned, scale, _ = model(values[:1], observed[:1])
    losses = []
    for step in range(2, 23):
        if step + 1 != 10:
            target = (values[0, step + 1] - scale.location[0, step]) / scale.unit[0, step]
            token = int(((target + CODEBOOK.reach) / (2 * CODEBOOK.reach) * CODEBOOK.bins).floor())
            losses.append(-binned.classes.logits[0, step, 0].log_softmax(-1)[token].item())
    assert next_value_loss(model, values[:1], observed[:1]).item() == pytest.approx(np.mean(losses))


def test_a_latin_hypercube_has_one_draw_in_each_part():
    draws = latin_hypercube(50, 8, generator())
    assert torch.equal((draws * 8).long().sort(1).values, torch.arange(8).expand(50, 8))
    assert (draws[:, 0] * 8).long().unique().numel() == 8  # the parts come in another order each time
