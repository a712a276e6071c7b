"""NanoTST in torch: from which patch it predicts, how far, how surely, and its folder."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from segue.errors import UserError
from segue.forecasting.nanotst.config import CANDIDATES, ClassicTSTConfig, NanoTSTConfig
from segue.forecasting.nanotst.features import features_of
from segue.forecasting.nanotst.graph import ExportedModel
from segue.forecasting.nanotst.long_past import PAST
from segue.forecasting.nanotst.model import NanoTST
from segue.forecasting.predictor import LEVELS, History, Predictor
from segue.manifest import write_manifest
from tests.forecasting.nanotst.conftest import CLASSIC, TINY, build, every_model, history_of, periods


def test_predicting_from_a_patch_on_is_the_end_of_predicting_from_every_patch(values):
    """A scale or a hidden vector off by one patch would put forecasts at the level of another time."""
    model = build(TINY)
    patches = torch.from_numpy(values).unflatten(1, (-1, 8))
    observed = torch.ones_like(patches, dtype=torch.bool)
    whole, reference = model(patches, observed, periods(4))
    end, its_reference = model(patches, observed, periods(4), since=5)
    torch.testing.assert_close(end.values, whole.values[:, 5:], rtol=1e-12, atol=1e-12)
    for part in ("path", "unit", "count"):
        assert torch.equal(getattr(its_reference, part), getattr(reference, part)[:, 5:]), part


def test_what_the_network_predicts_is_a_squashed_distance_from_the_reference(values):
    model = build(TINY)
    patches = torch.from_numpy(values).unflatten(1, (-1, 8))
    _, reference = model(patches, torch.ones_like(patches, dtype=torch.bool), periods(4))
    normal = model.normalise(patches, reference)
    unit = reference.divisor  # the first patch may hold equal values only
    torch.testing.assert_close(normal.sinh() * unit + reference.path, patches)
    torch.testing.assert_close(model.restore(normal, reference), patches, rtol=0, atol=1e-10)


@every_model
def test_every_model_is_a_predictor(config):
    model = build(config)
    assert isinstance(model, Predictor)
    assert model.context == (64 if config is CLASSIC else PAST)


def test_the_far_future_mixes_the_futures_of_the_nine_deciles(values):
    # what follows each decile path, computed one path at a time, and pooled by hand
    model = build(TINY)
    near = model.predict(history_of(values), 24)
    fine = tuple(round(0.01 + 0.02 * i, 2) for i in range(50))
    pool = []
    for decile in range(1, 10):
        longer = np.concatenate([values, near.at((decile / 10,))[..., 0]], axis=1)[:, -64:]
        pool.append(model.predict(history_of(longer), 8).at(fine))
    expected = np.moveaxis(np.quantile(np.concatenate(pool, axis=-1), LEVELS, axis=-1), 0, -1)
    far = model.predict(history_of(values), 32).quantiles
    np.testing.assert_allclose(far[:, 24:], expected, rtol=0, atol=1e-10)


def test_the_farthest_patch_of_the_context_is_felt_by_the_last_patch_of_one_pass(values):
    model = build(replace(TINY, layers=1))  # several layers would pass it on through patches between
    other = values.copy()
    other[:, :8] = values[:, :8][:, ::-1]
    now, then = (model.predict(history_of(lanes), 24).quantiles[:, 16:] for lanes in (values, other))
    assert np.abs(now - then).max((1, 2)).min() > 1e-6


def test_a_quantile_is_at_most_the_squashed_range_away(values):
    """The range is that of the gate: sinh(8) units of the reference, here from the reference itself."""
    model = build(TINY)
    torch.nn.init.constant_(model.head.project.bias, 50.0)  # sinh(50) units would be 10^21
    torch.nn.init.zeros_(model.gate.weigh.weight)
    with torch.no_grad():
        model.gate.weigh.bias.view(TINY.patch, -1).copy_(torch.tensor([1000.0] + [0.0] * (CANDIDATES - 1)))
    quantiles = model.predict(history_of(values), 5).quantiles
    patches = torch.from_numpy(values).unflatten(1, (-1, 8))
    _, reference = features_of(patches, torch.ones_like(patches, dtype=torch.bool), periods(4))
    farthest = reference.path[:, -1, :5] + math.sinh(8) * reference.unit[:, -1, :5]
    np.testing.assert_allclose(quantiles.max(-1), farthest.numpy(), rtol=1e-9)


def test_a_suggested_season_changes_the_forecast_within_and_beyond_one_pass(values):
    """Twice the cycle of ten steps is a cycle, too; beyond one pass, nine paths inherit the seasons of their lane."""
    model = build(TINY)
    plain = model.predict(history_of(values), 40).quantiles
    given = History(values, np.ones_like(values, dtype=bool), np.array([[20.0], [0.0], [20.0], [0.0]]))
    moved = np.abs(model.predict(given, 40).quantiles - plain)
    assert moved[::2, :24].max((1, 2)).min() > 1e-6
    assert moved[::2, 24:].max((1, 2)).min() > 1e-6
    assert moved[1::2].max() <= 1e-10


@every_model
def test_a_saved_model_is_the_same_model(config, tmp_path, values):
    model = build(config).float()
    model.save_pretrained(tmp_path / "model", card="# Tiny\n")
    again = type(model).from_pretrained(tmp_path / "model")
    assert again.config == model.config
    assert again.fingerprint == model.fingerprint != build(config, seed=1).float().fingerprint
    expected = model.predict(history_of(values), 20).quantiles
    assert np.array_equal(again.predict(history_of(values), 20).quantiles, expected)
    assert (tmp_path / "model" / "MODEL_CARD.md").read_text() == "# Tiny\n"


@every_model
def test_half_precision_on_disk_is_single_precision_in_memory(config, tmp_path):
    model = build(config).float()
    model.save_pretrained(tmp_path / "model", half=True)
    for name, tensor in type(model).from_pretrained(tmp_path / "model").state_dict().items():
        assert torch.equal(tensor, model.state_dict()[name].half().float()), name


def test_a_model_that_is_not_there_is_named_with_what_is():
    with pytest.raises(UserError, match="model no-such-model: name a model folder or a bundled model: "):
        NanoTST.from_pretrained("no-such-model")


@every_model
def test_weights_of_another_shape_are_refused(config, tmp_path):
    model = build(config).float()
    model.save_pretrained(tmp_path / "model")
    path = tmp_path / "model" / "config.json"
    path.write_text(path.read_text().replace('"width": 16', '"width": 32'))
    write_manifest(tmp_path / "model")
    with pytest.raises(UserError, match="its weights do not fit its config.json"):
        type(model).from_pretrained(tmp_path / "model")


@pytest.mark.parametrize("kind", [NanoTSTConfig, ClassicTSTConfig])
def test_sizes_that_no_model_has_are_refused(kind):
    for name in ("context", "patch", "width", "heads", "layers"):
        with pytest.raises(UserError, match=f"^{name} 0: give a whole number of at least 1"):
            kind(**{name: 0})
    with pytest.raises(UserError, match="^context 700: give a multiple of the patch"):
        kind(context=700)
    with pytest.raises(UserError, match="^width 129: give a multiple of"):
        kind(width=129)


def test_a_model_of_the_first_generation_is_refused_by_name(tmp_path):
    """Its weights would be read as those of other features."""
    build(TINY).float().save_pretrained(tmp_path / "old")
    path = tmp_path / "old" / "config.json"
    stored = json.loads(path.read_text())
    stored["config"]["widening"] = 1.5
    path.write_text(json.dumps(stored))
    (tmp_path / "old" / "model.onnx").touch()
    write_manifest(tmp_path / "old")
    for load in (NanoTST.from_pretrained, ExportedModel):
        with pytest.raises(UserError, match="old: train it again .* NanoTST of the first generation"):
            load(tmp_path / "old")
