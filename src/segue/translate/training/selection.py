"""Selection of the best model of a run: by its loss on held-out pairs, or by the scores of its outputs for them."""

from collections.abc import Callable, Sequence

from torch import nn

from segue.errors import UserError
from segue.extras import installation
from segue.translate.data.pairs import Item, Pair, items_of
from segue.translate.decode.texts import translate_texts
from segue.translate.evaluation.held_out import held_out_loss
from segue.translate.evaluation.scores import score
from segue.translate.evaluation.units import unit_of
from segue.translate.model.seq2seq import Seq2Seq
from segue.translate.training.config import TranslationConfig


def held_out_measure(
    pairs: Sequence[Pair], config: TranslationConfig, measured: Callable[[float], None] | None = None
) -> Callable[[nn.Module], float]:
    """Returns the function whose lowest value selects a model, as `config.select` names it.

    It is the loss per token of held-out pairs. Or it is a score of greedy outputs in per cent: 100 minus BLEU or chrF,
    or the token error rate.

    Args:
        pairs: The held-out pairs.
        config: Names the measure, and the size of batches.
        measured: Called with each loss or score itself, for example BLEU.
    """
    items = items_of(pairs)

    def measure(model: nn.Module) -> float:
        assert isinstance(model, Seq2Seq)
        value = _score(model, items) if config.select != "loss" else held_out_loss(model, pairs, config.pairs.tokens)
        if measured is not None:
            measured(value)
        return 100 - value if config.select in ("bleu", "chrf") else value

    def _score(model: Seq2Seq, items: Sequence[Item]) -> float:
        outputs = [best[0].text for best in translate_texts(model, [item.source for item in items])]
        scores = score(outputs, items, unit_of(model.vocabulary), draws=2)
        if config.select == "errors":
            return scores.token_error_rate.value
        chosen = scores.bleu if config.select == "bleu" else scores.chrf
        if chosen is None:
            raise UserError("select", config.select, f"{installation('train')}, or select by loss or errors")
        return chosen.value

    return measure
