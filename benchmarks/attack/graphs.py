"""Exported graphs that read other files, have other inputs, or ask for memory and time without end."""

import random
from pathlib import Path
from typing import Any

_PLACES = ("../secret", "/etc/passwd", "../model/model.safetensors", "config.json", "", "\x00", "model.safetensors/..")


def forge_graph(path: Path, draw: random.Random) -> None:
    """Changes one thing of a graph by the package `onnx`, or some bytes of it."""
    import onnx

    if draw.random() < 0.25:
        content = bytearray(path.read_bytes())
        for _ in range(draw.choice([1, 5, 50])):
            content[draw.randrange(len(content))] = draw.randrange(256)
        path.write_bytes(content)
        return
    model = onnx.load(str(path), load_external_data=False)
    draw.choice((_elsewhere, _elsewhere, _inputs, _operators, _sizes))(model, draw)
    path.write_bytes(model.SerializeToString())


def _elsewhere(model: Any, draw: random.Random) -> None:
    """A weight of another file, another place, or another shape."""
    weights = [tensor for tensor in model.graph.initializer if tensor.data_location == 1]
    tensor = draw.choice(weights)
    told = {entry.key: entry for entry in tensor.external_data}
    match draw.randrange(5):
        case 0:
            told["location"].value = draw.choice(_PLACES)
        case 1:
            told["offset"].value = draw.choice(["0", "8", "-1", str(10**18), "x", ""])
        case 2:
            told["length"].value = draw.choice(["0", "1", str(10**12), "-4"])
        case 3:
            tensor.dims[0] = draw.choice([0, -1, 10**9, 2**62])
        case _:
            tensor.external_data.add(key="location", value=draw.choice(_PLACES))


def _inputs(model: Any, draw: random.Random) -> None:
    """Other inputs or outputs."""
    side = draw.choice([model.graph.input, model.graph.output])
    match draw.randrange(5):
        case 0:
            side[0].name = draw.choice(["", "x", "VALUES"])
        case 1:
            side[0].type.tensor_type.elem_type = draw.choice([0, 1, 8, 99])
        case 2:
            side[0].type.tensor_type.shape.dim.add().dim_value = 10**9
        case 3:
            side.add().CopyFrom(model.graph.input[0])
        case _:
            del side[0]


def _operators(model: Any, draw: random.Random) -> None:
    """A loop, a branch, a function, or an operator of others."""
    from onnx import helper

    nodes = model.graph.node
    body = helper.make_graph([], "body", [], [])
    match draw.randrange(5):
        case 0:
            nodes.add().CopyFrom(helper.make_node("Loop", ["", ""], ["endless"], body=body))
        case 1:
            nodes.add().CopyFrom(helper.make_node("If", ["observed"], ["either"], then_branch=body, else_branch=body))
        case 2:
            draw.choice(nodes).domain = draw.choice(["com.microsoft", "custom"])
        case 3:
            model.opset_import.add(domain="com.microsoft", version=1)
        case _:
            model.functions.add(name="f", domain="custom")


def _sizes(model: Any, draw: random.Random) -> None:
    """Constants that are the shape of a tensor larger than any machine."""
    import numpy as np
    from onnx import helper, numpy_helper

    shape = draw.choice([[10**12], [10**6, 10**6], [2**20, 2**20, 4], [10**9, 304]])
    name = f"huge{draw.randrange(10**6)}"
    model.graph.initializer.append(numpy_helper.from_array(np.array(shape, dtype=np.int64), f"{name}-shape"))
    operator = draw.choice(["ConstantOfShape", "Expand", "Tile"])
    inputs = [f"{name}-shape"] if operator == "ConstantOfShape" else ["steps", f"{name}-shape"]
    model.graph.node.insert(0, helper.make_node(operator, inputs, [name]))
