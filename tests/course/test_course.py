"""The steps of the course: what each imports, and that its parts equal torch's and those of nano_tst.py."""

import ast
import csv

import pytest
import torch
from torch import nn

import nano_tst
from tests.course.conftest import COURSE

STEPS = sorted(COURSE.glob("step_*.py"))
ALLOWED = {"torch", "matplotlib", "numpy", "math", "pathlib", "argparse", "csv", "platform", "time", "collections"}


def test_there_are_ten_steps():
    assert [int(path.name[5:7]) for path in STEPS] == list(range(1, 11))


@pytest.mark.parametrize("path", STEPS, ids=lambda path: path.stem)
def test_a_step_is_short_and_imports_torch_and_earlier_steps_only(path):
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 170
    found = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Import | ast.ImportFrom)]
    names = {alias.name for node in found if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module for node in found if isinstance(node, ast.ImportFrom)}
    earlier = {other.stem for other in STEPS if other.stem < path.stem}
    assert {name.split(".")[0] for name in names} <= ALLOWED | earlier


def test_patches_are_cut_without_loss_as_in_nano_tst():
    import step_01_data_and_patches as step

    series = torch.randn(3, 544)
    assert torch.equal(step.patchify(series), nano_tst.patchify(series))
    assert torch.equal(step.unpatchify(step.patchify(series)), series)
    generators = torch.Generator().manual_seed(1), torch.Generator().manual_seed(1)
    assert torch.equal(step.make_series(4, 544, generators[0]), nano_tst.make_series(4, 544, generators[1]))


def test_the_attention_of_step_4_is_that_of_torch_and_knows_no_future():
    import step_04_self_attention as step

    difference, causal = step.checks(step.SingleHeadAttention())
    assert difference < 1e-6
    assert causal


def test_the_stack_of_step_5_is_that_of_nano_tst():
    import step_05_transformer as step

    theirs = nano_tst.NanoTST()
    ours = step.Transformer(outputs=2 * step.PATCH, width=nano_tst.WIDTH, heads=nano_tst.HEADS, layers=nano_tst.LAYERS)
    ours.load_state_dict(theirs.state_dict())
    patches = torch.randn(2, 16, 32)
    mu, raw = ours(patches).chunk(2, dim=-1)
    expected = theirs(patches)
    torch.testing.assert_close((mu, nn.functional.softplus(raw) + 1e-3), expected)


def test_bands_of_true_gaussians_hold_what_they_claim():
    import step_06_gaussian_head as step

    class Right(nn.Module):  # mean 0 and deviation 1, whatever it reads
        def forward(self, patches):
            raw = torch.full_like(patches, torch.expm1(torch.tensor(1.0 - 1e-3)).log().item())
            return torch.cat([torch.zeros_like(patches), raw], dim=-1)

    values = torch.randn(4000, 2, 32, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(step.calibration(Right(), values), step.LEVELS, atol=0.005, rtol=0)
    assert step.gaussian_nll(torch.zeros(1), torch.ones(1), torch.zeros(1)).item() == pytest.approx(0.9189385)


def test_without_a_mask_the_future_changes_the_past():
    import step_09_experiments as step

    patches = torch.randn(1, 16, 32)
    other = patches.clone()
    other[:, -1] += 1
    for arm, same in ((step.BASE, True), ("no mask", False)):
        model = step.ARMS[arm]()
        assert torch.equal(model(patches)[:, :-1], model(other)[:, :-1]) is same


@pytest.mark.parametrize("period", [2, 4, 8])
def test_a_head_that_reads_the_twin_alone_gives_it_everything(period):
    import step_10_attention_maps as step

    weights = torch.zeros(16, 16)
    for row in range(period - 1, 16):
        weights[row, row + 1 - period] = 1.0  # one period before the next patch
    places = step.by_place(step.by_offset(weights), period)
    torch.testing.assert_close(places, torch.eye(period)[-1])
    torch.testing.assert_close(step.by_place(torch.full((12,), 0.07), period), torch.full((period,), 1 / period))


def test_every_arm_has_a_row_for_each_seed_in_the_committed_results():
    import step_09_experiments as step

    with step.RESULTS.open(encoding="utf-8") as file:
        rows = [(row["arm"], int(row["seed"]), int(row["steps"])) for row in csv.DictReader(file)]
    steps = {arm: step.LONG if arm in step.LONGER else step.STEPS for arm in step.ARMS}
    assert rows == [(arm, seed, steps[arm]) for seed in step.SEEDS for arm in step.ARMS]


def test_a_rerun_makes_every_row_of_the_committed_results(monkeypatch, tmp_path):
    """Catches an arm that was trained by hand: `--rerun` alone must write the file, with the long arms."""
    import step_09_experiments as step

    with step.RESULTS.open(encoding="utf-8") as file:
        committed = [(row["arm"], row["seed"]) for row in csv.DictReader(file)]
    monkeypatch.setattr(step, "RESULTS", tmp_path / "results" / "experiments.csv")
    monkeypatch.setattr(step, "run", lambda name, seed: {"arm": name, "seed": seed})
    step.rerun()
    with step.RESULTS.open(encoding="utf-8") as file:
        assert [(row["arm"], row["seed"]) for row in csv.DictReader(file)] == committed


def test_a_long_arm_takes_the_long_number_of_steps(monkeypatch):
    """Catches an arm of 8,000 steps that is trained for 2,000, whatever its row says."""
    import step_09_experiments as step

    taken = []
    monkeypatch.setattr(step, "STEPS", 1)
    monkeypatch.setattr(step, "LONG", 2)
    monkeypatch.setattr(torch.optim.AdamW, "step", lambda self: taken.append(1))
    for name, steps in ((step.BASE, 1), ("8,000 steps", 2), ("no mask, 8,000 steps", 2)):
        taken.clear()
        assert step.run(name, 0)["steps"] == len(taken) == steps


def test_the_error_of_the_grammar_is_that_of_the_right_patches():
    import step_07_grammar_evaluation as step

    truth = torch.zeros(1, 544)
    mu = torch.zeros(1, 512)  # of patches 2 to 17
    mu[:, -32:] = 3.0
    mu[:, -64:-32] = 2.0
    mu[:, : 7 * 32] = 9.0  # patches 2 to 8 do not count
    inside, after = step.errors(mu, truth)
    assert inside.item() == pytest.approx((4 / 8) ** 0.5)
    assert after.item() == pytest.approx(3.0)
