"""The benchmark of language models: trainings that are stopped, and the original experiment as it was."""

import math
from pathlib import Path

import pandas as pd
import pytest
import torch
from torch.nn.functional import cross_entropy

from benchmarks.language import awd as language_awd
from benchmarks.language.awd import DroppedReader, LockedDropout, Reader
from benchmarks.language.chart import chosen
from benchmarks.language.language import ARMS, FIELDS, append, is_done, task_of
from benchmarks.language.replica import LANES, TRAINING, WINDOW, Replica, coded, replica_loss, replica_optimizer
from benchmarks.language.runs import trained
from benchmarks.language.sampled import SampledLoss
from segue.device import decide_device
from segue.language.corpus import Corpus, contiguous_lanes
from segue.language.model import LanguageModel, LanguageModelConfig
from segue.text.characters import CharacterTokenizer
from segue.training.interrupt import Interrupted
from segue.training.optimizer import single_rate
from segue.training.schedule import TrainingConfig

pytestmark = pytest.mark.usefixtures("no_sync")

EXACT = decide_device("cpu", 1, "float32")


def test_a_training_that_was_stopped_is_the_unbroken_one(tmp_path):
    """Its weights and its mean loss to the bit, and its seconds are those of both processes together."""

    def course(run: Path, stop_at: int | None = None):
        torch.manual_seed(0)
        model = torch.nn.Linear(3, 1)

        def loss(step: int) -> torch.Tensor:
            if step == stop_at:
                raise KeyboardInterrupt
            x = torch.randn(8, 3)
            return (model(x)[:, 0] - x.sum(-1)).square().mean()

        return trained(model, loss, TrainingConfig(steps=9), run, None, single_rate), model

    with pytest.raises(Interrupted):
        course(tmp_path / "broken", stop_at=5)
    (tmp_path / "broken" / "seconds.json").write_text("1000")
    broken, model = course(tmp_path / "broken")
    whole, unbroken = course(tmp_path / "whole")
    torch.testing.assert_close(model.state_dict(), unbroken.state_dict(), rtol=0, atol=0)
    assert (broken.steps, broken.loss) == (whole.steps, whole.loss)
    assert 1000 < broken.seconds < 1100


def test_the_replica_is_the_experiment():
    """Surprise changes the gradient, not what is reported; a carried state is read; embedding and head stay."""
    torch.manual_seed(0)
    tokens, classes = coded(torch.randint(97, 102, (2 * LANES * (WINDOW + 1),)))
    assert classes == 5
    model = Replica(classes)
    assert model.level3[2].weight.abs().max().item() == pytest.approx((6 / 768) ** 0.5, rel=1e-3)  # Glorot's bound
    assert not model.level2[0].bias.any()
    gradients = {}
    for surprise in (False, True):
        loss, state = replica_loss(model, tokens, EXACT, persistent=True, surprise=surprise)
        value, after = loss(1, state)
        window = tokens.view(LANES, -1)[:, : WINDOW + 1]
        logits, _, _ = model(window[:, :-1], state)
        losses = cross_entropy(logits.transpose(1, 2), window[:, 1:])
        torch.testing.assert_close(value, losses)
        value.backward()
        gradients[surprise] = model.level1.weight_hh_l0.grad
        model.zero_grad()
    assert not torch.allclose(gradients[False], gradients[True])
    fresh, none = replica_loss(model, tokens, EXACT, persistent=False, surprise=False)
    assert none is None
    torch.testing.assert_close(fresh(2), loss(2, state)[0])
    assert not torch.equal(fresh(2), loss(2, after)[0])
    optimizer = replica_optimizer(model, TRAINING)
    fresh(1).backward()
    before = {name: weight.clone() for name, weight in model.state_dict().items()}
    optimizer.step(1, 1.0)
    moved = {name.partition(".")[0] for name, weight in model.state_dict().items() if not weight.equal(before[name])}
    assert moved == {"level1"}  # level 2 is due at step 16


def test_an_emptied_state_is_read_before_every_window():
    """On the windows of carried lanes; catches a state that is carried after all, and other windows."""
    letters = CharacterTokenizer("abcd")
    corpus = Corpus.of("abcdabca" * 3000, letters)
    carried, emptied = (
        task_of(ARMS[f"window 128, {state}"], corpus, letters, 3, 0, EXACT) for state in ("carry", "emptied")
    )
    first, after = carried.loss(1, carried.state)
    torch.testing.assert_close(emptied.loss(1, emptied.state)[0], first)
    torch.testing.assert_close(emptied.loss(2, after)[0], carried.loss(2, carried.state)[0])
    assert not torch.equal(emptied.loss(2, after)[0], carried.loss(2, after)[0])


def test_the_sampled_softmax_estimates_the_whole_one():
    """Its loss and gradient, from many samples of few words; catches weights left out, a target counted twice."""
    torch.manual_seed(0)
    corpus = Corpus.of("aaaabbbccd" * 40, CharacterTokenizer("abcd"))
    model = LanguageModel(LanguageModelConfig("lstm", width=8), CharacterTokenizer("abcd")).double()
    with torch.no_grad():
        model.head.project.weight.mul_(4.0)
        model.head.project.bias[0] = -50.0  # the unknown one never occurs, and is never drawn
    batch = contiguous_lanes(corpus, 4, 16, seed=0)(1)
    whole = model(batch.inputs)[0].loss(batch.targets).mean()
    found = SampledLoss(model, Reader(model), corpus, EXACT)(batch, None)[0]
    torch.testing.assert_close(found, whole, rtol=0.02, atol=0.0)
    expected = torch.autograd.grad(whole, model.head.project.bias)[0]
    torch.testing.assert_close(torch.autograd.grad(found, model.head.project.bias)[0], expected, rtol=0.1, atol=0.01)


def test_what_is_left_out_is_left_out_of_a_whole_window():
    """Half of the recurrent weights, and the same values of all tokens of a lane; catches none left out."""
    torch.manual_seed(0)
    kept = LockedDropout(0.5)(torch.ones(2, 7, 64))
    torch.testing.assert_close(kept, kept[:, :1].expand(-1, 7, -1))
    assert set(kept.unique().tolist()) == {0.0, 2.0}
    assert not torch.equal(kept[0], kept[1])
    corpus = Corpus.of("aaaabbbccd" * 40, CharacterTokenizer("abcd"))
    model = LanguageModel(LanguageModelConfig("lstm", width=32, layers=2), CharacterTokenizer("abcd"))
    whole, before = Reader(model), [weight.clone() for weight in model.parameters()]
    batch = contiguous_lanes(corpus, 4, 16, seed=0)(1)
    dropped = DroppedReader(model)
    dropped(batch, None)[0].sum().backward()
    assert (model.backbone.kernel.weight_hh_l0.grad == 0).float().mean().item() == pytest.approx(0.5, abs=0.05)
    assert not (model.backbone.kernel.weight_ih_l0.grad == 0).all(dim=1).any()
    model.eval()
    assert not torch.equal(dropped(batch, None)[0], dropped(batch, None)[0])  # the weights are still left out
    torch.testing.assert_close(whole(batch, None)[0], model.read(batch.inputs)[0], rtol=0, atol=0)
    torch.testing.assert_close(list(model.parameters()), before, rtol=0, atol=0)


def test_what_is_left_out_between_layers_and_in_the_arm(monkeypatch):
    """Catches dropout between layers, or the arm's own flag, that nobody reads."""
    letters = CharacterTokenizer("abcd")
    corpus = Corpus.of("aaaabbbccd" * 500, letters)
    monkeypatch.setattr(language_awd, "WEIGHTS", 0.0)
    model = LanguageModel(LanguageModelConfig("lstm", width=32, layers=2), letters)  # with no other dropout
    batch, dropped = contiguous_lanes(corpus, 4, 16, seed=0)(1), DroppedReader(model)
    assert not torch.equal(dropped(batch, None)[0], dropped(batch, None)[0])
    monkeypatch.setattr(language_awd, "BETWEEN", 0.0)
    whole = DroppedReader(model)
    torch.testing.assert_close(whole(batch, None)[0], model.read(batch.inputs)[0], rtol=0, atol=0)
    monkeypatch.undo()
    task = task_of(ARMS["words, two layers"], corpus, letters, 3, 0, EXACT)
    task.loss(1, task.state)[0].backward()
    for layer in range(2):
        gradient = task.model.backbone.kernel.get_parameter(f"weight_hh_l{layer}").grad
        assert (gradient == 0).float().mean().item() == pytest.approx(0.5, abs=0.01)


@pytest.mark.skipif(
    not torch.ops.mkldnn._is_mkldnn_bf16_supported(), reason="this processor has no LSTM in half precision"
)
def test_half_precision_is_the_same_objective():
    """The sampled softmax, and the replica with surprise; catches a part that overflows under autocast."""
    half = decide_device("cpu", 1, "bfloat16")
    corpus = Corpus.of("aaaabbbccd" * 40, CharacterTokenizer("abcd"))
    model = LanguageModel(LanguageModelConfig("lstm", width=8), CharacterTokenizer("abcd"))
    batch = contiguous_lanes(corpus, 4, 16, seed=0)(1)
    tokens, classes = coded(torch.randint(97, 102, (2 * LANES * (WINDOW + 1),)))
    replica = Replica(classes)
    found = []
    for device in (EXACT, half):
        torch.manual_seed(1)
        sampled = SampledLoss(model, Reader(model), corpus, device)(batch, None)[0]
        loss, state = replica_loss(replica, tokens, device, persistent=True, surprise=True)
        value = loss(1, state)[0]
        gradient = torch.autograd.grad(value, replica.level1.weight_hh_l0)[0]
        found.append((sampled, value, gradient.norm()))
    torch.testing.assert_close(found[1], found[0], rtol=0.02, atol=0.0)


def test_a_row_is_known_again(tmp_path):
    """Catches a second head in the file, a row of other settings taken for the one asked for, and mixed columns."""
    output = tmp_path / "rows.csv"
    asked = {"arm": "corrected", "seed": 1, "minutes": 0.0, "precision": "float32"}
    assert not is_done(output, asked)
    for seed in (0, 1):
        append(output, {**asked, "seed": seed, "train_loss": math.pi})
    assert output.read_text().count("arm,seed") == 1
    assert output.read_text().startswith(",".join(FIELDS[:3]))
    assert is_done(output, asked)
    for other in ({"seed": 2}, {"minutes": 3.0}, {"precision": "bfloat16"}, {"arm": "words"}):
        assert not is_done(output, {**asked, **other})
    output.write_text("arm,seed\ncorrected,1\n")
    with pytest.raises(SystemExit, match="name another --output"):
        is_done(output, asked)


def test_the_picture_is_of_one_budget():
    """Catches means over trainings of two and of ten minutes; arms that are not drawn may have both."""
    rows = pd.DataFrame({"arm": ["corrected", "words", "words"], "minutes": [0.0, 2.0, 10.0]})
    assert list(chosen(rows)["arm"]) == ["corrected"]
    with pytest.raises(SystemExit, match="several budgets: corrected"):
        chosen(rows.assign(arm="corrected"))
