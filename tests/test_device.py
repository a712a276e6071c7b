"""The device decision: what is asked for is what comes, and what is not there is refused."""

import pytest
import torch

from segue import device as subject
from segue.device import decide_device, probe_bf16
from segue.errors import UserError


@pytest.mark.parametrize(
    ("speedup", "products", "dtype"),
    [
        ({256: 0.02, 1024: 9.0}, [256], torch.float32),  # emulated: the large product must not be tried
        ({256: 1.0, 1024: 1.4}, [256, 1024], torch.float32),
        ({256: 1.0, 1024: 1.6}, [256, 1024], torch.bfloat16),
    ],
)
def test_bfloat16_only_where_it_is_measured_faster(speedup, products, dtype, monkeypatch):
    tried = []

    def measure(device, rows, inner, repeats):
        tried.append(rows)
        return speedup[rows]

    monkeypatch.setattr(subject, "_speedup", measure)
    precision = probe_bf16()
    assert (precision.dtype, tried) == (dtype, products)
    assert f"{speedup[products[-1]]:.2g} times" in precision.reason


def test_the_real_probe_answers_with_a_reason():
    precision = probe_bf16()
    assert precision.dtype in (torch.float32, torch.bfloat16)
    assert "bfloat16" in precision.reason


def test_what_is_asked_is_what_comes():
    decided = decide_device("cpu", threads=3, precision="bfloat16")
    assert (decided.device, decided.threads, decided.autocast_dtype) == (torch.device("cpu"), 3, torch.bfloat16)
    assert decided.reason == "cpu (as asked), 3 threads (as asked), bfloat16 (as asked)"
    with decided.autocast():
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype is torch.bfloat16
    with decide_device("cpu", precision="float32").autocast():
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype is torch.float32


@pytest.mark.parametrize(
    "arguments", [{"device": "abacus"}, {"device": "cuda:99"}, {"threads": 0}, {"precision": "float8"}]
)
def test_what_is_not_there_is_refused(arguments):
    with pytest.raises(UserError, match=f"^{next(iter(arguments))} "):
        decide_device(**arguments)
