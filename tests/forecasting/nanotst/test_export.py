"""The exported graph: the weights of the folder and no copy of them, any number of lanes, steps and horizons."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx.external_data_helper import load_external_data_for_tensor

from segue import ExportedModel, NanoTST, UserError
from segue.folder import GRAPH, WEIGHTS, load_arrays
from segue.forecasting.nanotst.export import OPSET, export_model, exports
from segue.forecasting.nanotst.weights import model_folder
from segue.manifest import verify, write_manifest
from tests.forecasting.nanotst.conftest import BACKBONES, CLASSIC, TINY, build, distance, history_of

BUNDLED = ("nanotst", "nanotst-small")


@pytest.fixture
def single(exported) -> Path:
    """The folder of the model in single precision."""
    return exported["single"]


def folder_of(name: str, exported: dict[str, Path]) -> Path:
    return exported[name] if name in exported else model_folder(name)


def quantiles(model: NanoTST | ExportedModel, values: np.ndarray, observed: np.ndarray, horizon: int) -> np.ndarray:
    return model.predict(history_of(np.where(observed, values, 0.0), observed), horizon).quantiles


def seasonal(lanes: int, length: int, seed: int) -> np.ndarray:
    """Cycles of ten steps under noise, each of its own height."""
    random, wave = np.random.default_rng(seed), np.sin(np.arange(length) * np.pi / 5)
    return random.uniform(3, 9, (lanes, 1)) * wave + 0.3 * random.normal(size=(lanes, length))


@pytest.mark.parametrize("precision", ["single", "half"])
@pytest.mark.parametrize("horizon", [1, 8, 9, 24, 60])
def test_a_tiny_random_model_forecasts_as_torch_does(exported, precision, horizon):
    """In half precision, it catches weights of the model in memory, which the folder does not hold."""
    folder = exported[precision]
    reference, model = NanoTST.from_pretrained(folder), ExportedModel(folder)
    random = np.random.default_rng(0)
    for length in (1, 2, 7, 8, 9, 17, 40, 63, 64):
        for lanes in (1, 5):
            values = random.normal(size=(lanes, length)).cumsum(1) + 3 * np.sin(np.arange(length))
            observed = random.random((lanes, length)) < 0.8
            observed[:, -1] = True
            expected = quantiles(reference, values, observed, horizon)
            found = quantiles(model, values, observed, horizon)
            apart = distance(found, expected, np.where(observed, values, np.nan))
            assert apart.max() <= 1e-4, (length, lanes)


@pytest.mark.parametrize("length", [1, 2, 7, 8, 65, 100, 333, 799, 800])
def test_lanes_time_and_steps_of_the_graph_are_free(single, length):
    """Catches a length or a count of the example that was exported as a number."""
    import onnxruntime

    session = onnxruntime.InferenceSession(single / GRAPH, providers=["CPUExecutionProvider"])
    reference = NanoTST.from_pretrained(single)
    random = np.random.default_rng(length)
    for lanes, steps in ((1, 1), (2, 24), (3, 10)):
        values = random.normal(size=(lanes, length)).cumsum(1)
        observed = np.ones((lanes, length), dtype=bool)
        inputs = {"values": values, "observed": observed, "seasons": np.zeros((lanes, lanes - 1))}
        (found,) = session.run(None, inputs | {"steps": np.array(steps)})
        expected = reference.one_pass(history_of(values), steps)
        assert found.shape == expected.shape == (lanes, steps, 17)
        assert distance(found, expected, values).max() <= 1e-4


@pytest.mark.parametrize("columns", [0, 1, 2, 5])
def test_the_graph_reads_any_number_of_suggested_seasons(single, columns):
    """Zero columns too, over which onnxruntime could take no maximum. A season that fits changes its own lane only."""
    reference, model = NanoTST.from_pretrained(single), ExportedModel(single)
    values = seasonal(4, 64, columns)
    suggested = np.zeros((4, columns))
    suggested[::2, columns // 2 : columns // 2 + 1] = 20.0  # twice the cycle
    given = replace(history_of(values), seasons=suggested)
    for horizon in (20, 40):
        found, expected = model.predict(given, horizon).quantiles, reference.predict(given, horizon).quantiles
        assert distance(found, expected, values).max() <= 1e-4
        plain = model.predict(history_of(values), horizon).quantiles
        moved = np.abs(found - plain).max((1, 2))
        assert (moved[1::2] == 0).all()
        assert (moved[::2] > 1e-6).all() == (columns > 0)


@pytest.mark.parametrize("name", ["single", "half", *BUNDLED])
def test_the_weights_of_the_graph_are_those_of_the_folder_and_stored_once(name, exported):
    folder = folder_of(name, exported)
    arrays = load_arrays(folder / WEIGHTS, "model")
    graph = onnx.load(folder / GRAPH, load_external_data=False).graph
    stored = {tensor.name: tensor for tensor in graph.initializer if tensor.data_location == tensor.EXTERNAL}
    inside = [onnx.numpy_helper.to_array(t) for t in graph.initializer if not t.external_data]
    half = name != "single"
    assert stored.keys() == {f"model.{weight}" + (".half" if half else "") for weight in arrays}
    for tensor in stored.values():
        assert {entry.key: entry.value for entry in tensor.external_data}["location"] == WEIGHTS
        load_external_data_for_tensor(tensor, str(folder))
        weight = onnx.numpy_helper.to_array(tensor)
        expected = arrays[tensor.name.removeprefix("model.").removesuffix(".half")]
        assert weight.dtype == expected.dtype == (np.float16 if half else np.float32)
        assert np.array_equal(weight, expected)
    assert sum(array.nbytes for array in inside) < 20_000  # tables of positions and lags, but no weight
    assert (folder / GRAPH).stat().st_size < 160_000  # nodes; weights have 1.6 MB and more


@pytest.mark.parametrize("name", ["single", "half", *BUNDLED])
def test_the_graph_is_valid_says_what_it_takes_and_nothing_of_this_machine(name, exported):
    folder = folder_of(name, exported)
    onnx.checker.check_model(str(folder / GRAPH), full_check=True)
    model = onnx.load(folder / GRAPH, load_external_data=False)
    assert [(entry.domain, entry.version) for entry in model.opset_import] == [("", OPSET)]

    def shapes(values):
        return {v.name: [d.dim_param or d.dim_value for d in v.type.tensor_type.shape.dim] for v in values}

    assert shapes(model.graph.input) == {
        "values": ["lanes", "time"], "observed": ["lanes", "time"], "seasons": ["lanes", "periods"], "steps": [],
    }  # fmt: skip
    assert shapes(model.graph.output) == {"quantiles": ["lanes", "steps", 17]}
    text = (folder / GRAPH).read_bytes()
    assert b"site-packages" not in text
    assert b".py" not in text
    verify(folder, GRAPH, WEIGHTS, "config.json")


def copy_of(folder: Path, to: Path) -> Path:
    return Path(shutil.copytree(folder, to / "model"))


def test_damaged_files_are_one_line_before_any_forecast(single, tmp_path):
    for number, name in enumerate((WEIGHTS, GRAPH)):
        folder = copy_of(single, tmp_path / str(number))
        content = bytearray((folder / name).read_bytes())
        content[-20] ^= 1
        (folder / name).write_bytes(content)
        with pytest.raises(UserError, match=rf"^model .*{name}: copy or save the model again \(its checksum"):
            ExportedModel(folder).predict(history_of(np.ones((1, 5))), 3)


def test_a_graph_that_fits_no_weights_is_one_line_also_with_new_checksums(single, tmp_path):
    """A folder put together by hand."""
    folder = copy_of(single, tmp_path)
    content = (folder / WEIGHTS).read_bytes()
    (folder / WEIGHTS).write_bytes(content[: len(content) // 2])
    write_manifest(folder)
    with pytest.raises(UserError, match=r"^model .*safetensors: name a folder with whole weights \(") as caught:
        ExportedModel(folder)
    assert "\n" not in str(caught.value)
    (folder / WEIGHTS).unlink()
    with pytest.raises(UserError, match=r"^model .*safetensors: name a folder that holds a whole model"):
        ExportedModel(folder)


def test_what_cannot_be_exported_says_so(single, tmp_path):
    assert [name for name, config in BACKBONES.items() if exports(config)] == ["transformer"]
    build(BACKBONES["lstm"]).float().save_pretrained(tmp_path / "lstm")
    with pytest.raises(UserError, match="only models whose backbone is a transformer can be exported"):
        export_model(tmp_path / "lstm")
    assert not (tmp_path / "lstm" / GRAPH).exists()
    with pytest.raises(UserError, match="run `segue export` on it first"):
        ExportedModel(tmp_path / "lstm")
    build(CLASSIC).float().save_pretrained(tmp_path / "classic")
    for read in (ExportedModel, export_model):
        with pytest.raises(UserError, match="classic: .*NanoTST"):
            read(tmp_path / "classic")
    with pytest.raises(UserError, match="^model no-such-model: name a model folder or a bundled model: "):
        ExportedModel.from_pretrained("no-such-model")


def test_the_export_keeps_the_rest_of_the_folder_and_its_fingerprint(single, tmp_path):
    kept = sorted(path.name for path in single.iterdir())
    assert kept == ["MODEL_CARD.md", "SHA256SUMS", "config.json", "model.onnx", "model.safetensors"]
    assert (single / "MODEL_CARD.md").read_text() == "# Tiny\n"
    model = build(TINY).float()
    assert ExportedModel(single).fingerprint == model.fingerprint
    for name, array in load_arrays(single / WEIGHTS, "model").items():
        assert torch.equal(torch.from_numpy(array), model.state_dict()[name]), name
