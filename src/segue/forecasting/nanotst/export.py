"""From torch to the graph that onnxruntime runs: `model.onnx`, whose weights stay in `model.safetensors`.

    values (lanes, time) float64      in the unit of the series; the last column is observed in every lane
    observed (lanes, time) bool       false where a value is missing, or before the lane began
    seasons (lanes, periods) float64  periods in steps that calendar or user suggest, zero where none
    steps () int64                    how many steps ahead, at most `span * patch`
    -> quantiles (lanes, steps, 17) float64, at `segue.LEVELS`

torch exports the network between patches in and patches out. A few nodes before that cut lanes into patches, count the
patches to be predicted and add a period of zero, because onnxruntime refuses to reduce over no periods. One node after
them cuts the answer to the steps. Lanes, time, periods and steps are free.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import torch
from jaxtyping import Bool, Float64
from torch import Tensor, nn

from segue.errors import UserError
from segue.folder import GRAPH, WEIGHTS, add_files
from segue.forecasting.nanotst.config import NanoTSTConfig
from segue.forecasting.nanotst.model import NanoTST
from segue.header import Entry, read_header
from segue.quiet import quiet

if TYPE_CHECKING:
    from onnx import GraphProto, TensorProto
    from onnx_ir import Node

_IR = 10  # the version of the file format: that of onnx 1.16, which the oldest supported onnxruntime reads
OPSET = 20  # the first with Gelu; the oldest supported onnxruntime, 1.23, runs up to 23

_BEFORE = """
<ir_version: {ir}, opset_import: ["" : {opset}]>
before (double[lanes, time] values, bool[lanes, time] observed, double[lanes, periods] seasons, int64 steps)
    => (double[lanes, tokens, {patch}] patches, bool[lanes, tokens, {patch}] seen, double[ahead] unknown,
        double[lanes, suggested] periods)
{{
    zero = Constant <value_ints: ints = [0]> ()
    one = Constant <value_ints: ints = [1]> ()
    patch = Constant <value_ints: ints = [{patch}]> ()
    by_patch = Constant <value_ints: ints = [0, -1, {patch}]> ()
    time_now = Shape <start: int = 1, end: int = 2> (values)
    backward = Neg (time_now)
    missing = Mod (backward, patch)
    pads = Concat <axis: int = 0> (zero, missing, zero, zero)
    longer = Pad (values, pads)
    longer_seen = Pad (observed, pads)
    patches = Reshape (longer, by_patch)
    seen = Reshape (longer_seen, by_patch)
    step_count = Reshape (steps, one)
    past_last = Add (step_count, patch)
    rounded_up = Sub (past_last, one)
    patches_to_predict = Div (rounded_up, patch)
    unknown_count = Sub (patches_to_predict, one)
    unknown = ConstantOfShape <value: tensor = double[1] {{0.0}}> (unknown_count)
    one_more = Constant <value_ints: ints = [0, 0, 0, 1]> ()
    periods = Pad (seasons, one_more)
}}
"""


class PatchesAhead(nn.Module):
    """The module that torch exports: quantiles of the patches after the last one, in the unit of the series."""

    def __init__(self, model: NanoTST) -> None:
        super().__init__()
        self.model = model

    def forward(
        self,
        patches: Float64[Tensor, "lanes tokens patch"],
        seen: Bool[Tensor, "lanes tokens patch"],
        unknown: Float64[Tensor, " ahead"],
        periods: Float64[Tensor, "lanes suggested"],
    ) -> Float64[Tensor, "lanes predicted levels"]:
        """Predicts one patch more than the length of `unknown`, whose values do not matter."""
        lanes, tokens, patch = patches.shape
        future = unknown[None, :, None].expand(lanes, unknown.shape[0], patch)
        patches = torch.cat([patches, future], dim=1)
        seen = torch.cat([seen, torch.zeros_like(future, dtype=torch.bool)], dim=1)
        normal, reference = self.model(patches, seen, periods, since=tokens - 1)
        return self.model.restore(normal.values, reference).flatten(1, 2)


def export_model(folder: Path) -> Path:
    """Exports the NanoTST of a model folder and adds the graph to the folder.

    Args:
        folder: A model folder with the weights of a NanoTST.

    Returns:
        The path of the graph.

    Raises:
        UserError: The folder is missing, damaged or of another kind, or the backbone is not a transformer.
    """
    folder = folder.resolve()  # a link stays a link; its target gets the graph
    model = NanoTST.from_pretrained(folder)
    if not exports(model.config):
        remedy = "forecast with torch instead: only models whose backbone is a transformer can be exported"
        raise UserError("model", folder, remedy)
    add_files(folder, {GRAPH: graph_of(model, folder / WEIGHTS)})
    return folder / GRAPH


def exports(config: NanoTSTConfig) -> bool:
    """Whether a model can be exported: recurrent backbones are cut at each reset, which a fixed graph cannot do."""
    return config.backbone == "transformer"


def graph_of(model: NanoTST, weights: Path) -> bytes:
    """Makes the graph of a model as an ONNX file that reads its weights from a safetensors file beside it.

    Args:
        model: The model, with the weights of that file.
        weights: The safetensors file.
    """
    from onnx import TensorProto, helper, parser

    before = parser.parse_model(_BEFORE.format(ir=_IR, opset=OPSET, patch=model.config.patch)).graph
    core = _exported(model)
    stored = [
        _external(f"model.{name}", entry, weights) for name, entry in sorted(read_header(weights).tensors.items())
    ]
    single = [tensor for tensor in stored if tensor.data_type == TensorProto.FLOAT]
    half = [tensor for tensor in stored if tensor.data_type == TensorProto.FLOAT16]
    nodes = list(before.node)
    for tensor in half:  # stored once, in half precision; onnxruntime widens each weight once, when it loads the graph
        name, tensor.name = tensor.name, f"{tensor.name}.half"
        nodes.append(helper.make_node("Cast", [tensor.name], [name], to=TensorProto.FLOAT))
    names = {node.output[0] for node in nodes} | {tensor.name for tensor in single}
    nodes += core.node
    nodes.append(helper.make_node("Slice", [core.output[0].name, "zero", "step_count", "one"], ["quantiles"]))
    shape: list[str | int | None] = ["lanes", "steps", len(model.head.levels)]
    outputs = [helper.make_tensor_value_info("quantiles", TensorProto.DOUBLE, shape)]
    small = [tensor for tensor in core.initializer if tensor.name not in names]
    graph = helper.make_graph(nodes, "nanotst", before.input, outputs, [*single, *half, *small], __doc__)
    opsets = [helper.make_opsetid("", OPSET)]
    whole = helper.make_model(graph, opset_imports=opsets, ir_version=_IR, producer_name="segue")
    return bytes(whole.SerializeToString())


def _exported(model: NanoTST) -> "GraphProto":
    """Exports the graph between patches and quantiles by torch; its weights keep their names and layout."""
    from onnxscript import optimizer

    patch = model.config.patch
    lanes, tokens, ahead = 3, 5, 2  # sizes of the example; all three are free in the graph
    example = (
        torch.zeros(lanes, tokens, patch, dtype=torch.float64),
        torch.ones(lanes, tokens, patch, dtype=torch.bool),
        torch.zeros(ahead, dtype=torch.float64),
        torch.zeros(lanes, 4, dtype=torch.float64),
    )
    free = torch.export.Dim.DYNAMIC
    both = {0: free, 1: free}
    with torch.no_grad(), quiet("torch.onnx"):
        program = torch.export.export(PatchesAhead(model).eval(), example, dynamic_shapes=(both, both, {0: free}, both))
        exported = torch.onnx.export(
            program,
            dynamo=True,
            opset_version=OPSET,
            input_names=["patches", "seen", "unknown", "periods"],
            output_names=["all_quantiles"],
            optimize=False,
            verbose=False,
        )
    assert exported is not None
    optimizer.optimize_ir(exported.model, should_fold=_folds)
    graph = exported.model_proto.graph
    for node in graph.node:  # these fields hold paths of this machine
        del node.metadata_props[:]
        node.doc_string = ""
    return graph


def _folds(node: "Node") -> bool | None:
    """Refuses to fold nodes that read weights, because the graph would then store the weights twice."""
    from_weights = any(value is not None and (value.name or "").startswith("model.") for value in node.inputs)
    return False if from_weights else None


def _external(name: str, entry: Entry, weights: Path) -> "TensorProto":
    """Makes a weight that the graph reads from the safetensors file beside it."""
    from onnx import TensorProto

    types = {"F16": TensorProto.FLOAT16, "F32": TensorProto.FLOAT}
    tensor = TensorProto(name=name, data_type=types[entry.dtype], dims=entry.shape)
    tensor.data_location = TensorProto.EXTERNAL
    location = {"location": weights.name, "offset": entry.begin, "length": entry.end - entry.begin}
    for key, value in location.items():
        tensor.external_data.add(key=key, value=str(value))
    return tensor
