"""What an exported graph may hold: the bundled ones pass, and each forged one is refused before onnxruntime sees it."""

import shutil

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from segue import ExportedModel, UserError
from segue.folder import GRAPH, WEIGHTS, require_shapes
from segue.forecasting.nanotst.config import read_config
from segue.forecasting.nanotst.interface import require_graph
from segue.forecasting.nanotst.weights import bundled, model_folder
from segue.manifest import write_manifest
from tests.forecasting.nanotst.conftest import history_of

OURS = "run `segue export` on the folder (Segue did not export this graph: "


@pytest.fixture
def folder(tmp_path):
    return shutil.copytree(model_folder("nanotst-small"), tmp_path / "model")


@pytest.mark.parametrize("name", bundled())
def test_the_bundled_graphs_pass(name):
    folder = model_folder(name)
    require_graph(folder, require_shapes(folder, read_config(folder).shapes()))


def initializer(model):
    return next(tensor for tensor in model.graph.initializer if tensor.data_location == 1)


def entry(model, key):
    return next(pair for pair in initializer(model).external_data if pair.key == key)


def elsewhere(model):
    entry(model, "location").value = "../secret"


def another_file(model):
    entry(model, "location").value = "config.json"


def another_place(model):
    entry(model, "offset").value = "0"


def twice(model):
    initializer(model).external_data.add(key="location", value="/etc/passwd")


def another_shape(model):
    initializer(model).dims[0] = 10**9


def renamed(model):
    model.graph.input[0].name = "x"


def another_rank(model):
    model.graph.input[0].type.tensor_type.shape.dim.add().dim_value = 3


def another_output(model):
    model.graph.output[0].type.tensor_type.shape.dim[-1].dim_value = 18


def a_loop(model):
    body = helper.make_graph([], "body", [], [])
    model.graph.node.add().CopyFrom(helper.make_node("Loop", ["", ""], ["y"], body=body))


def a_function(model):
    model.functions.add(name="f")


def others(model):
    model.graph.node[0].domain = "com.others"


def their_operators(model):
    model.opset_import.add(domain="com.others", version=1)


def hidden_data(model):
    tensor = numpy_helper.from_array(np.zeros(1, dtype=np.float32))
    tensor.data_location = 1
    tensor.external_data.add(key="location", value="/etc/passwd")
    model.graph.node.add().CopyFrom(helper.make_node("Constant", [], ["y"], value=tensor))


def a_huge_shape(model):
    model.graph.initializer.append(numpy_helper.from_array(np.array([2**20, 2**20]), "huge"))


def a_huge_number(model):
    model.graph.node.add().CopyFrom(helper.make_node("Constant", [], ["y"], value_ints=[10**12]))


def a_huge_number_of_another_type(model):
    model.graph.initializer.append(numpy_helper.from_array(np.array([2**40], dtype=np.uint64), "huge"))


@pytest.mark.parametrize(
    ("forge", "why"),
    [
        (elsewhere, "lies elsewhere than in model.safetensors, or has another shape"),
        (another_file, "lies elsewhere than in model.safetensors, or has another shape"),
        (another_place, "lies elsewhere than in model.safetensors, or has another shape"),
        (twice, "is not a weight of model.safetensors"),
        (another_shape, "lies elsewhere than in model.safetensors, or has another shape"),
        (
            renamed,
            "its inputs and output must be values of rank 2, observed of rank 2, seasons of rank 2, steps of rank 0",
        ),
        (another_rank, "its inputs and output must be values of rank 2"),
        (another_output, "its output must have 17 quantiles"),
        (a_loop, "it has a field 6"),
        (a_function, "it has a field 25"),
        (others, "it has a custom operator, com.others."),
        (their_operators, "it imports custom operators"),
        (hidden_data, "is not a weight of model.safetensors"),
        (a_huge_shape, "a shape in it has more than 16,777,216 elements"),
        (a_huge_number, "a whole number in it is above 1,048,576"),
        (a_huge_number_of_another_type, "it has a constant of the type 13"),
    ],
)
def test_a_forged_graph_is_refused_in_one_line(folder, forge, why):
    """Its checksum is made anew, as a stranger can do."""
    graph = onnx.load(str(folder / GRAPH), load_external_data=False)
    forge(graph)
    (folder / GRAPH).write_bytes(graph.SerializeToString())
    write_manifest(folder)
    with pytest.raises(UserError) as caught:
        ExportedModel(folder).predict(history_of(np.ones((1, 5))), 3)
    message = str(caught.value)
    assert message.startswith(f"model {folder / GRAPH}: {OURS}")
    assert why in message
    assert "\n" not in message


@pytest.mark.parametrize("content", [b"", b"\xff" * 50, b"\x08", b"\x3a\xff\xff\xff\xff\x0f", bytes(100)])
def test_bytes_that_are_no_graph_are_refused(folder, content):
    (folder / GRAPH).write_bytes(content)
    write_manifest(folder)
    with pytest.raises(UserError, match="Segue did not export this graph"):
        ExportedModel(folder).predict(history_of(np.ones((1, 5))), 3)


def test_a_damaged_graph_is_damage_and_no_forgery(folder):
    content = bytearray((folder / GRAPH).read_bytes())
    content[1000] ^= 4
    (folder / GRAPH).write_bytes(content)
    with pytest.raises(UserError, match=r"model\.onnx: copy or save the model again \(its checksum in SHA256SUMS"):
        ExportedModel(folder).predict(history_of(np.ones((1, 5))), 3)


def test_weights_of_another_size_are_refused_when_the_folder_is_named(folder):
    """Before any of them is read; the folder of the other bundled model has a config of other sizes."""
    shutil.copy(model_folder("nanotst") / WEIGHTS, folder / WEIGHTS)
    write_manifest(folder)
    with pytest.raises(UserError, match=r"its weights do not fit its config\.json; save or copy it again \("):
        ExportedModel(folder)
