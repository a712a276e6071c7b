"""Training of language models in Python: what is learnt, by which level, and when."""

from dataclasses import replace

import pytest
import torch

from segue.errors import Notice, UserError
from segue.heads.sampling import Sampling
from segue.language.config import LanguageConfig, TextConfig
from segue.language.corpus import Corpus
from segue.language.evaluate import evaluate
from segue.language.generate import continue_text
from segue.language.model import LanguageModelConfig
from segue.language.train import prepare, train_language
from segue.training.clocks import LevelConfig
from segue.training.schedule import TrainingConfig

TEXT = "the cat sat on the mat. the dog sat on the log; it had a bone. so it goes on and on and on.\n" * 8

pytestmark = pytest.mark.usefixtures("no_sync")


@pytest.mark.parametrize("state", ["carry", "reset"])
def test_a_period_is_learnt_to_certainty(tmp_path, state):
    """Of 'abcd' repeated, each letter gives the next: perplexity 1, where chance has 5. Catches targets off by one, a
    part of the model that no optimiser moves, and a model folder that holds other weights than the trained ones.
    """
    (tmp_path / "text.txt").write_text("abcd" * 100)
    config = LanguageConfig(
        LanguageModelConfig("lstm", width=16),
        TextConfig(state=state, lanes=4, window=8),
        TrainingConfig(steps=60, learning_rate=3e-2, warmup_steps=5),
        precision="float32",
    )
    model = train_language(tmp_path / "text.txt", config, tmp_path / "run")
    assert evaluate(model, Corpus.of("cdab" * 20, model.tokenizer)).perplexity < 1.1
    assert "".join(continue_text(model, "ab", 10, Sampling(temperature=0.0))) == "cdabcdabcd"


def test_words_that_occur_once_are_what_unknown_words_are_learnt_from():
    material = prepare(
        "one two " * 20 + "three four " + "one two " * 5, LanguageConfig(text=TextConfig(tokenizer="word"))
    )
    assert material.model.tokenizer.words == ("\n", "one", "two")
    assert (material.learnt.unknown, material.held_out.unknown) == (2, 0)


def test_a_run_in_use_is_reported_in_words_of_python(tmp_path):
    (tmp_path / "text.txt").write_text(TEXT)
    config = LanguageConfig(LanguageModelConfig(width=8), training=TrainingConfig(steps=1), precision="float32")
    train_language(tmp_path / "text.txt", config, tmp_path / "run")
    with pytest.raises(UserError, match="continue this run with `resume`, or name a new folder"):
        train_language(tmp_path / "text.txt", config, tmp_path / "run")
    with pytest.warns(Notice, match="is resumed with its own settings; `config` count for a new run only"):
        train_language(None, config, tmp_path / "run", resume=True)


def test_each_level_has_its_own_clock_and_the_surprise_objective_is_added(tmp_path):
    """Level 2 is due after the run's end and stays as it began, level 3 every 64 tokens of 4 lanes by 8; the objective
    changes what the others learn."""
    (tmp_path / "text.txt").write_text(TEXT)
    kept = {}
    for surprise in ("off", "printed"):
        config = LanguageConfig(
            LanguageModelConfig("nested", width=8, expansion=1),
            TextConfig(lanes=4, window=8),
            TrainingConfig(steps=6, learning_rate=1e-2, weight_decay=0.1, warmup_steps=1),
            levels=(LevelConfig(1), LevelConfig(7), LevelConfig(64, "token")),
            surprise=surprise,
            precision="float32",
        )
        fresh = prepare(TEXT, config).model.state_dict()
        kept[surprise] = train_language(tmp_path / "text.txt", config, tmp_path / surprise).state_dict()
        still = {name for name, tensor in kept[surprise].items() if torch.equal(tensor, fresh[name])}
        assert still == {name for name in fresh if name.startswith("backbone.level2")}
    assert not torch.equal(kept["off"]["embed.weight"], kept["printed"]["embed.weight"])
    for change in ({"levels": (LevelConfig(),)}, {"model": LanguageModelConfig("lstm")}, {"validate_every": 0}):
        with pytest.raises(UserError):
            replace(config, **change)
