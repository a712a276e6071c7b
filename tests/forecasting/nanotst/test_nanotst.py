"""NanoTST: what it may not see, what it must not depend on, and how far it forecasts."""

import math
from dataclasses import replace

import pytest
import torch

from segue.errors import UserError
from segue.forecasting.nanotst.embedding import relations, squash
from segue.forecasting.nanotst.model import NanoTST, NanoTSTConfig
from segue.forecasting.nanotst.scaling import HALF_LIFE, running_scales
from segue.forecasting.predictor import LEVELS

TINY = NanoTSTConfig(
    context=64, patch=8, span=3, width=16, heads=2, layers=2, positions="rotary", scale="running", head="quantiles"
)
CLASSIC = NanoTSTConfig(context=64, patch=8, width=16, heads=2, layers=2)
BINS = replace(TINY, head="bins")
RECALL = replace(TINY, recall=True)
PRETRAINED = {"pretrained": TINY, "recall": RECALL, "bins": BINS} | {
    name: replace(TINY, backbone=name) for name in ("lstm", "rnn", "nested")
}
every_config = pytest.mark.parametrize("config", [*PRETRAINED.values(), CLASSIC], ids=[*PRETRAINED, "classic"])
pretrained_configs = pytest.mark.parametrize("config", PRETRAINED.values(), ids=PRETRAINED)


def build(config: NanoTSTConfig, seed: int = 0) -> NanoTST:
    """A double-precision model with weights large enough that nothing is near zero by luck."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = NanoTST(config).double().eval()
        for parameter in model.parameters():
            torch.nn.init.normal_(parameter, std=0.2)
    return model


@pytest.fixture
def values() -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    walks = torch.randn(4, 64, generator=generator, dtype=torch.float64).cumsum(1)
    season = torch.sin(torch.arange(64) * math.pi / 5).double()  # with a season of ten steps in half of the lanes
    return walks + torch.tensor([[9.0], [0.0], [9.0], [0.0]]) * season


def everything(values: torch.Tensor) -> torch.Tensor:
    return torch.ones_like(values, dtype=torch.bool)


def test_predicting_from_a_patch_on_is_the_end_of_predicting_from_every_patch(values):
    """A scale or a hidden vector off by one patch would put forecasts at the level of another time."""
    model = build(TINY)
    patches = values.unflatten(1, (-1, 8))
    whole, scale = model(patches, everything(patches))
    end, its_scale = model(patches, everything(patches), since=5)
    torch.testing.assert_close(end.values, whole.values[:, 5:], rtol=1e-12, atol=1e-12)
    for part in ("location", "spread", "count"):
        assert torch.equal(getattr(its_scale.local, part), getattr(scale.local, part)[:, 5:]), part


@pytest.mark.parametrize("horizon", [1, 8, 20, 24, 61])
@every_config
def test_a_forecast_follows_scale_and_level_exactly(config, horizon, values):
    model = build(config)
    forecast = model.predict(values, everything(values), horizon).quantiles
    moved = model.predict(3.7 * values - 250.0, everything(values), horizon).quantiles
    assert forecast.shape == (4, horizon, len(LEVELS))
    assert (forecast.diff(dim=-1) >= 0).all()
    torch.testing.assert_close(moved, 3.7 * forecast - 250.0, rtol=1e-12, atol=1e-10)


@every_config
def test_a_forecast_does_not_depend_on_the_other_lanes_or_on_padding(config, values):
    model = build(config)
    lengths = (64, 40, 17, 3)  # right-aligned: shorter lanes are padded in front, with values that must not matter
    observed = torch.stack([torch.arange(64) >= 64 - length for length in lengths])
    together = model.predict(values, observed, 20).quantiles
    if config is CLASSIC:  # its embedding has no mask: what it promises holds for whole patches
        lengths = (64, 40)
    for lane, length in enumerate(lengths):
        alone = values[lane : lane + 1, -length:]
        expected = model.predict(alone, everything(alone), 20).quantiles[0]
        torch.testing.assert_close(together[lane], expected, rtol=0, atol=1e-10)


@pretrained_configs
def test_no_prediction_of_the_pretrained_sees_the_future(config, values):
    model = build(config)
    patches, observed = values.view(4, 8, 8), torch.ones(4, 8, 8, dtype=torch.bool)
    other = patches.clone()
    other[:, 5:] = 1e6
    now, _ = model(patches, observed)
    then, _ = model(other, observed)
    torch.testing.assert_close(now.quantiles(LEVELS)[:, :5], then.quantiles(LEVELS)[:, :5], rtol=0, atol=1e-10)


def test_the_window_scale_of_the_classic_leaks_the_future_and_says_so(values):
    model = build(CLASSIC)
    patches, observed = values.view(4, 8, 8), torch.ones(4, 8, 8, dtype=torch.bool)
    other = patches.clone()
    other[:, 7:] += 20.0
    assert not model.causal
    assert (model(patches, observed)[0].mean[:, 0] - model(other, observed)[0].mean[:, 0]).abs().min() > 1e-6


@pretrained_configs
def test_values_that_are_not_observed_have_no_influence(config, values):
    model = build(config)
    observed = torch.rand(4, 64, generator=torch.Generator().manual_seed(2)) < 0.7
    other = values.where(observed, 1e9)
    expected = model.predict(values, observed, 20).quantiles
    torch.testing.assert_close(model.predict(other, observed, 20).quantiles, expected, rtol=0, atol=1e-10)


@pretrained_configs
def test_a_horizon_beyond_one_pass_begins_with_that_pass(config, values):
    model = build(config)  # one pass reaches 24 steps
    near = model.predict(values, everything(values), 24).quantiles
    far = model.predict(values, everything(values), 60).quantiles
    torch.testing.assert_close(far[:, :24], near, rtol=0, atol=1e-10)


def test_the_far_future_mixes_the_futures_of_the_nine_deciles(values):
    # what follows each decile path, computed one path at a time, and pooled by hand
    model = build(TINY)
    near = model.predict(values, everything(values), 24)
    fine = [round(0.01 + 0.02 * i, 2) for i in range(50)]
    pool = []
    for decile in range(1, 10):
        longer = torch.cat([values, near.at((decile / 10,))[..., 0]], dim=1)
        pool.append(model.predict(longer, everything(longer), 8).at(tuple(fine)))
    expected = torch.cat(pool, dim=-1).quantile(torch.tensor(LEVELS, dtype=torch.float64), dim=-1).permute(1, 2, 0)
    far = model.predict(values, everything(values), 32).quantiles
    torch.testing.assert_close(far[:, 24:], expected, rtol=0, atol=1e-10)


def test_sign_flip_makes_a_forecast_odd(values):
    model = build(replace(TINY, sign_flip=True))
    up = model.predict(values, everything(values), 20).quantiles
    down = model.predict(-values, everything(values), 20).quantiles
    torch.testing.assert_close(down, -up.flip(-1), rtol=0, atol=1e-10)


@every_config
@pytest.mark.parametrize("value", [3.0, -1e15, 0.0])
def test_equal_values_are_forecast_to_stay(config, value):
    lane = torch.full((1, 30), value, dtype=torch.float64)
    for length in (1, 30):
        forecast = build(config).predict(lane[:, :length], everything(lane)[:, :length], 20).quantiles
        assert (forecast == value).all()


@every_config
def test_steps_missing_at_the_end_are_forecast_with_the_future(config, values):
    # else the last patch would be half observed, which training never shows; each lane has a gap of its own
    model, gaps = build(config), (0, 3, 8, 21)
    observed = torch.stack([torch.arange(64) < 64 - gap for gap in gaps])
    together = model.predict(values, observed, 20).quantiles
    for lane, gap in enumerate(gaps):
        known = values[lane : lane + 1, : 64 - gap]
        expected = model.predict(known, everything(known), 20 + gap).quantiles[0, gap:]
        if config is CLASSIC and gap % 8:
            continue  # its embedding has no mask: what it promises holds for whole patches
        torch.testing.assert_close(together[lane], expected, rtol=1e-12, atol=1e-10)


def test_no_values_at_all_have_no_forecast():
    nothing = torch.zeros(2, 0, dtype=torch.float64)
    assert build(TINY).predict(nothing, everything(nothing), 3).quantiles.isnan().all()


def test_the_farthest_patch_of_the_context_is_felt_by_the_last_patch_of_one_pass(values):
    model = build(replace(TINY, layers=1))  # several layers would pass it on through patches between
    other = values.clone()
    other[:, :8] = values[:, :8].flip(1)
    now, then = (model.predict(lane, everything(values), 24).quantiles[:, 16:] for lane in (values, other))
    assert (now - then).abs().amax((1, 2)).min() > 1e-6


def test_a_quantile_is_at_most_the_squashed_range_away():
    model = build(TINY)
    torch.nn.init.constant_(model.head.project.bias, 50.0)  # sinh(50) steps would be 10^21
    lane = torch.arange(30.0, dtype=torch.float64)[None]
    quantiles = model.predict(lane, everything(lane), 5).quantiles
    assert quantiles.max().item() == pytest.approx(29 + math.sinh(8), rel=1e-12)  # steps of 1, from 29


def test_widening_moves_quantiles_from_the_median_by_what_was_seen(values):
    observed = torch.stack([torch.arange(64) >= begin for begin in (0, 39, 48, 60)])  # 64, 25, 16 and 4 values
    plain = build(TINY).predict(values, observed, 20)
    wide = build(replace(TINY, widening=2.0)).predict(values, observed, 20)
    assert torch.equal(wide.median, plain.median)
    factor = torch.tensor([1.25, 1.4, 1.5, 2.0], dtype=torch.float64)[:, None, None]
    expected = plain.median[..., None] + factor * (plain.quantiles - plain.median[..., None])
    torch.testing.assert_close(wide.quantiles, expected, rtol=0, atol=1e-10)


def test_a_lane_that_was_never_observed_has_no_forecast(values):
    observed = everything(values)
    observed[2] = False
    forecast = build(TINY).predict(values, observed, 5).quantiles
    assert forecast.isnan().any(-1).any(-1).tolist() == [False, False, True, False]


def test_relations_are_moves_and_distances_in_current_deviations():
    patches = torch.tensor([[[0.0, 2.0], [4.0, 6.0]]], dtype=torch.float64)
    related = relations(running_scales(patches, torch.ones_like(patches, dtype=torch.bool)))
    share = 1 / (1 + 2 ** (2 / HALF_LIFE))  # of the first patch in the second: 0, 2 and 4, 6
    mean = 1 * share + 5 * (1 - share)
    spread = (1 + share * (1 - mean) ** 2 + (1 - share) * (5 - mean) ** 2) ** 0.5  # around 1 it was 1; a step is 2
    assert related[0, 0].tolist() == pytest.approx([0.0, 0.0, math.asinh(1.0), math.log(2.0)])
    expected = [
        math.asinh((mean - 1) / spread),
        math.log(spread),
        math.asinh((6 - mean) / spread),
        math.log(2 / spread),
    ]
    assert related[0, 1].tolist() == pytest.approx(expected)


def test_a_saved_model_is_the_same_model(tmp_path, values):
    model = build(TINY).float()
    model.save_pretrained(tmp_path / "model", card="# Tiny\n")
    again = NanoTST.from_pretrained(tmp_path / "model")
    assert again.config == model.config
    assert again.fingerprint == model.fingerprint != build(TINY, seed=1).float().fingerprint
    expected = model.predict(values, everything(values), 20).quantiles
    assert torch.equal(again.predict(values, everything(values), 20).quantiles, expected)
    assert (tmp_path / "model" / "MODEL_CARD.md").read_text() == "# Tiny\n"


def test_half_precision_on_disk_is_single_precision_in_memory(tmp_path):
    model = build(TINY).float()
    model.save_pretrained(tmp_path / "model", half=True)
    for name, tensor in NanoTST.from_pretrained(tmp_path / "model").state_dict().items():
        assert torch.equal(tensor, model.state_dict()[name].half().float()), name


def test_a_model_that_is_not_there_is_named_with_what_is():
    with pytest.raises(UserError, match="model no-such-model: name a model folder or a bundled model: "):
        NanoTST.from_pretrained("no-such-model")


def test_weights_of_another_shape_are_refused(tmp_path):
    model = build(TINY).float()
    model.save_pretrained(tmp_path / "model")
    config = tmp_path / "model" / "config.json"
    config.write_text(config.read_text().replace('"width": 16', '"width": 32'))
    with pytest.raises(UserError, match="its weights do not fit its config.json"):
        NanoTST.from_pretrained(tmp_path / "model")


def test_recall_under_a_scale_of_the_window_is_refused():
    """Catches a classic that is told nothing and yet predicts from another reference than it says."""
    with pytest.raises(UserError, match="recall True: give the running scale with it"):
        NanoTSTConfig(recall=True)


def test_squashing_is_the_inverse_hyperbolic_sine():
    """Catches digits lost near zero, a square that overflows, and a sign that is dropped."""
    values = torch.tensor([0.0, -1e-9, 1e-4, -0.3, 1.0, 60.0, -1e9, 1e18], requires_grad=True)
    squashed = squash(values)
    torch.testing.assert_close(squashed, values.asinh(), rtol=1e-6, atol=0)
    (slope,) = torch.autograd.grad(squashed.sum(), values)
    torch.testing.assert_close(slope[1:], ((values**2 + 1).rsqrt())[1:], rtol=1e-5, atol=0)
    assert squash(torch.tensor([3e38, torch.inf])).tolist() == pytest.approx([42.14, 42.14], abs=0.01)
