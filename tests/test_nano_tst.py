"""The teaching file stands alone, is causal, and its normalisation leaks in training exactly as its text says."""

import ast
import importlib.util
import math
import sys
from pathlib import Path

import pytest
import torch

SOURCE = Path(__file__).parents[1] / "nano_tst.py"


@pytest.fixture(scope="module")
def nano():
    """The file itself, imported from its path: it belongs to no package."""
    spec = importlib.util.spec_from_file_location("nano_tst", SOURCE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def generator():
    return torch.Generator().manual_seed(3)


@pytest.fixture
def model(nano):
    with torch.random.fork_rng():
        torch.manual_seed(3)
        return nano.NanoTST()


def test_it_is_one_short_file_that_needs_only_torch_and_matplotlib():
    text = SOURCE.read_text(encoding="utf-8")
    imported = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            imported |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "a relative import would tie it to the package"
            imported.add(node.module.split(".")[0])
    assert imported - sys.stdlib_module_names == {"torch", "matplotlib"}
    assert len(text.splitlines()) <= 300


def test_every_series_is_offset_trend_sine_and_noise_of_a_tenth(nano, generator):
    # Regress each series on 1, t and the sine and cosine of every allowed cycle count: only the right count leaves
    # just the noise. A wrong period, or one outside 2 to 19, leaves a residual of at least a third (amplitude >= 0.5).
    series = nano.make_series(64, nano.CONTEXT, generator).double()
    t = torch.arange(nano.CONTEXT, dtype=torch.float64) / nano.CONTEXT
    residuals = []
    for cycles in range(2, 20):
        wave = 2 * math.pi * cycles * t
        design = torch.stack([torch.ones_like(t), t, wave.sin(), wave.cos()], dim=1)
        fit = design @ torch.linalg.lstsq(design, series.T).solution
        residuals.append((series.T - fit).std(dim=0))
    best = torch.stack(residuals).min(dim=0).values
    torch.testing.assert_close(best, torch.full_like(best, nano.NOISE), rtol=0.2, atol=0)


def test_the_linear_baseline_finds_a_linear_rule(nano, generator):
    # Patches made by x[i + 1] = A x[i] + b with an orthogonal A: least squares must recover the map, bias included,
    # and must line the prediction up with the right patch. An input window off by one index would miss it.
    rule = torch.linalg.qr(torch.randn(nano.PATCH, nano.PATCH, generator=generator)).Q
    bias = torch.randn(nano.PATCH, generator=generator)
    patches = [torch.randn(40, nano.PATCH, generator=generator)]
    for _ in range(nano.TOKENS):
        patches.append(patches[-1] @ rule.T + bias)
    patches = torch.stack(patches, dim=1).double()
    prediction = nano.linear_baseline(patches[:30], patches[30:], past=1)
    torch.testing.assert_close(prediction, patches[30:, 1:], rtol=1e-4, atol=1e-4)


def test_attention_written_out_equals_the_fused_one(nano, model, generator):
    attention = model.blocks[0].attention
    x = torch.randn(2, 7, nano.WIDTH, generator=generator)
    query, key, value = (
        part.unflatten(-1, (nano.HEADS, -1)).transpose(1, 2) for part in attention.qkv(x).chunk(3, dim=-1)
    )
    fused = torch.nn.functional.scaled_dot_product_attention(query, key, value, is_causal=True)
    torch.testing.assert_close(attention(x), attention.out(fused.transpose(1, 2).flatten(-2)))


@pytest.mark.parametrize("changed", [1, 8, 15])
def test_a_later_patch_changes_no_earlier_output(nano, model, generator, changed):
    patches = torch.randn(2, nano.TOKENS, nano.PATCH, generator=generator)
    other = patches.clone()
    other[:, changed] += 1.0
    for before, after in zip(model(patches), model(other), strict=True):
        assert torch.equal(before[:, :changed], after[:, :changed])
        assert (before[:, changed:] != after[:, changed:]).any(dim=-1).all()  # and is seen from its own index on


def test_a_short_context_is_the_beginning_of_a_long_one(nano, model, generator):
    # Catches positions counted from the end, or a mask of a fixed size.
    patches = torch.randn(2, nano.TOKENS, nano.PATCH, generator=generator)
    for short, whole in zip(model(patches[:, :5]), model(patches), strict=True):
        torch.testing.assert_close(short, whole[:, :5])


def test_the_state_dict_has_the_names_that_the_library_copies(nano, model):
    block = {f"{norm}.{kind}" for norm in ("norm1", "norm2") for kind in ("weight", "bias")}
    block |= {f"{part}.{kind}" for part in ("attention.qkv", "attention.out") for kind in ("weight", "bias")}
    block |= {f"ffn.{index}.{kind}" for index in (0, 2) for kind in ("weight", "bias")}
    names = {f"blocks.{layer}.{name}" for layer in range(nano.LAYERS) for name in block} | {"positions"}
    names |= {f"{part}.{kind}" for part in ("embed", "norm", "head") for kind in ("weight", "bias")}
    assert set(model.state_dict()) == names  # no buffers either


def test_normalisation_is_reversible_and_standardises(nano, generator):
    series = nano.make_series(8, nano.CONTEXT, generator)
    stats = nano.statistics(series)
    inside = nano.normalise(series, *stats)
    torch.testing.assert_close(inside.mean(dim=-1), torch.zeros(8), atol=1e-5, rtol=0)
    torch.testing.assert_close(inside.std(dim=-1, correction=0), torch.ones(8), atol=1e-3, rtol=0)
    torch.testing.assert_close(inside * stats[1] + stats[0], series)


def test_a_flat_line_stays_finite(nano):
    flat = torch.full((1, nano.CONTEXT), 3.0)
    assert torch.equal(nano.normalise(flat, *nano.statistics(flat)), torch.zeros_like(flat))


def test_statistics_of_the_whole_window_leak_the_future_in_training(nano, model, generator):
    # The claim of the file's section 4. The network is causal, yet the last patch reaches the first prediction:
    # through the mean and the deviation by which every input was scaled. Statistics of the past alone cannot do that.
    series = nano.make_series(4, nano.CONTEXT, generator)
    other = series.clone()
    other[:, -nano.PATCH :] += 5.0

    def first_prediction(window, seen):
        patches = nano.patchify(nano.normalise(window, *nano.statistics(window[:, :seen])))
        return patches[:, 0], model(patches)[0][:, 0]

    whole, past = nano.CONTEXT, nano.CONTEXT - nano.PATCH
    for before, after in zip(first_prediction(series, whole), first_prediction(other, whole), strict=True):
        assert (before - after).abs().amax(dim=-1).min() > 1e-3  # in every series, input and prediction moved
    for before, after in zip(first_prediction(series, past), first_prediction(other, past), strict=True):
        assert torch.equal(before, after)


def test_what_follows_the_context_is_predicted_without_a_leak(nano, model, generator):
    # The last prediction of `predict`, which forecasting relies on, and all the others: none sees the patch after.
    series = nano.make_series(4, nano.CONTEXT + nano.PATCH, generator)
    other = series.clone()
    other[:, nano.CONTEXT :] += 5.0
    for before, after in zip(nano.predict(model, series), nano.predict(model, other), strict=True):
        assert torch.equal(before, after)


def test_the_nll_is_that_of_the_normal_distribution(nano, generator):
    mu, target = torch.randn(2, 3, 4, 5, generator=generator)
    sigma = 0.1 + torch.rand(3, 4, 5, generator=generator)
    expected = -torch.distributions.Normal(mu, sigma).log_prob(target).mean()
    torch.testing.assert_close(nano.gaussian_nll(mu, sigma, target), expected)


def test_sampling_patch_by_patch_is_a_random_walk_where_it_must_be(nano, generator):
    # A stand-in that repeats the last patch with deviation s makes every path a random walk of patches: the median
    # stays, and the variances of the steps, each s times the scale of its own window, add up. A rollout that fed back
    # the mean, or forgot to append or to slide, would have the wrong width; wrong statistics would move the median.
    noise, paths, patch = 0.05, 4000, nano.PATCH

    def repeat(patches):
        assert patches.shape[1] == nano.TOKENS
        return patches, torch.full_like(patches, noise)

    context = 100 * nano.make_series(1, nano.CONTEXT, generator)
    quantiles = nano.forecast(repeat, context, 3 * patch - 5, generator, paths=paths)
    assert quantiles.shape == (3, 1, 3 * patch - 5)
    low, median, high = quantiles.squeeze(1)
    last, variance = context[:, -patch:], 0.0
    torch.testing.assert_close(median, last[0].repeat(3)[: len(median)], atol=2.0, rtol=0)  # of a scale of some 100
    for step in range(3):
        _, scale = nano.statistics(torch.cat([context[:, step * patch :], last.repeat(1, step)], dim=1))
        variance += (noise * scale.item()) ** 2
        width = (high - low)[step * patch : (step + 1) * patch].mean().item()
        assert width == pytest.approx(2 * 1.2816 * math.sqrt(variance), rel=0.03)


def test_quantiles_are_ordered_and_seeded(nano, model, generator):
    context = nano.make_series(2, nano.CONTEXT, generator)
    first, second = (nano.forecast(model, context, 40, torch.Generator().manual_seed(1), paths=20) for _ in range(2))
    assert first.shape == (3, 2, 40)
    assert (first.diff(dim=0) > 0).all()
    assert torch.equal(first, second)


def test_training_lowers_the_loss_on_series_it_never_saw(nano, model, generator, capsys):
    # From 0.5 * log(2 * pi) + ... = about 2.4 untrained; standard normal guessing costs 1.42. Two short epochs must
    # beat that guess, which no model can whose targets are off by a patch or whose optimiser does nothing.
    series = nano.make_series(320, nano.CONTEXT + nano.PATCH, generator)
    history = nano.train(model, series[:256], series[256:], 2, generator)
    assert [record["epoch"] for record in history] == [0, 1, 2]
    assert history[-1]["losses"][1] < 0.5 * math.log(2 * math.pi * math.e) < history[0]["losses"][1]
    assert len(capsys.readouterr().out.splitlines()) == 5 + len(history)  # three lines say what the figures mean


def test_a_column_is_read_to_its_last_value_in_whole_patches(nano, tmp_path):
    # Catches a context that ends before the newest value, or one that is longer than the model's.
    table = tmp_path / "table.csv"
    table.write_text("a,b\n" + "".join(f"{row},{-row}\n" for row in range(600)), encoding="utf-8")
    torch.testing.assert_close(nano.read_column(str(table), "a"), torch.arange(88.0, 600.0)[None])
    table.write_text("a,b\n" + "".join(f"{row},{-row}\n" for row in range(70)), encoding="utf-8")
    torch.testing.assert_close(nano.read_column(str(table), None), -torch.arange(6.0, 70.0)[None])
    table.write_text("a\n" + "nan\n" * 40, encoding="utf-8")
    with pytest.raises(ValueError, match="finite"):
        nano.read_column(str(table), "a")


def test_a_cell_beyond_the_reader_is_one_line(nano, tmp_path, monkeypatch, capsys):
    table = tmp_path / "table.csv"
    table.write_text("a\n" + "1" * 200_000 + "\n", encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["nano_tst.py", "--csv", str(table)])
    with pytest.raises(SystemExit) as exited:
        nano.main()
    assert exited.value.code == 2
    assert "give a file and a --column with a number in every row (field larger" in capsys.readouterr().err
