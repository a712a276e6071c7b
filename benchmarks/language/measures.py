"""What a language model is measured by: text it has not learnt from, read with a memory, without, and learning."""

import argparse
import time

from benchmarks.language.arms import Arm
from segue.language.corpus import Corpus
from segue.language.evaluate import evaluate
from segue.language.model import LanguageModel
from segue.language.online import evaluate_online
from segue.training.online import OnlineConfig

TRIED = 60_000  # characters of valid on which the rate of dynamic evaluation is chosen
FRESH = (64, 128, 256, 1024)
Row = dict[str, object]


def measured(model: LanguageModel, arm: Arm, corpora: dict[str, Corpus], options: argparse.Namespace) -> Row:
    """Held-out loss with the state carried, with it emptied, and with dynamic evaluation."""
    most = options.characters if options.steps or not arm.whole else None
    valid, test = (shortened(corpora[part], most) for part in ("valid", "test"))
    start = time.process_time()
    found = evaluate(model, test, window=256, lanes=options.lanes)
    row: Row = {
        "valid_loss": evaluate(model, valid, window=256, lanes=options.lanes).loss,
        "test_loss": found.loss,
        "test_bits": found.bits_per_character,
        "test_perplexity": found.perplexity,
        "test_tokens": found.tokens,
        "lanes": options.lanes,
    }
    for window in arm.fresh:
        fresh = evaluate(model, test, state="reset", window=window, lanes=4096 // window)
        row |= {f"test_loss_fresh{window}": fresh.loss, f"test_bits_fresh{window}": fresh.bits_per_character}
    row["test_seconds"] = time.process_time() - start
    return row | (online(model, arm.online, valid, shortened(test, options.online_characters)) if arm.online else {})


def online(model: LanguageModel, tried: tuple[OnlineConfig, ...], valid: Corpus, test: Corpus) -> Row:
    """Dynamic evaluation of the test text, at the rate that did best on the beginning of the valid one."""
    start = time.process_time()
    beginning = shortened(valid, TRIED)
    best = min(tried, key=lambda config: evaluate_online(model, beginning, config)[0].loss)
    found, _ = evaluate_online(model, test, best)
    return {
        "online_rate": best.learning_rate,
        "online_tokens": found.tokens,
        "online_static_bits": evaluate(model, test, window=256, lanes=8).bits_per_character,
        "online_loss": found.loss,
        "online_bits": found.bits_per_character,
        "online_perplexity": found.perplexity,
        "online_seconds": time.process_time() - start,
    }


def shortened(corpus: Corpus, characters: int | None) -> Corpus:
    """The beginning of a text, of about so many characters."""
    return corpus if characters is None else corpus.first(round(len(corpus.tokens) * characters / corpus.characters))
