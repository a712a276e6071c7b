"""What a model in training is chosen by: its loss on held-out pairs, or how good what it makes of them is."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from segue.errors import UserError
from segue.translate.data.batches import Batch, Batches
from segue.translate.data.pairs import Item, Pair, items_of
from segue.translate.data.tokens import unit_of
from segue.translate.decode.decode import translate_texts
from segue.translate.evaluation.scores import score
from segue.translate.model.seq2seq import Seq2Seq
from segue.translate.training.config import TranslationConfig


def held_out_measure(
    pairs: Sequence[Pair], config: TranslationConfig, measured: Callable[[float], None] | None = None
) -> Callable[[nn.Module], float]:
    """What a model is chosen by, the lower the better, as `config.select` says.

    It is the loss per token of held-out pairs; or, of greedy output, 100 less BLEU or chrF, or the token error rate in
    per cent.
    """
    items = items_of(pairs)

    def measure(model: nn.Module) -> float:
        assert isinstance(model, Seq2Seq)
        found = held_out_loss(model, pairs, config.pairs.tokens) if config.select == "loss" else _score(model, items)
        if measured is not None:
            measured(found)
        return 100 - found if config.select in ("bleu", "chrf") else found

    def _score(model: Seq2Seq, items: Sequence[Item]) -> float:
        outputs = [best[0].text for best in translate_texts(model, [item.source for item in items])]
        scores = score(outputs, items, unit_of(model.vocabulary), draws=2)
        if config.select == "errors":
            return scores.token_error_rate.value
        chosen = scores.bleu if config.select == "bleu" else scores.chrf
        if chosen is None:
            raise UserError("select", config.select, "pip install 'segue[train]', or select by loss or errors")
        return chosen.value

    return measure


@torch.inference_mode()
def held_out_loss(model: Seq2Seq, pairs: Sequence[Pair], tokens: int = 1536) -> float:
    """Mean of -log p per token of the targets, ends included, in nats; the model is left as it is.

    Args:
        model: The model.
        pairs: What it has not learnt from.
        tokens: Positions of a side of a batch; the result does not depend on it.
    """
    examples = [(model.vocabulary.source(source), model.vocabulary.target(target)) for source, target in pairs]
    batches, total, count, training = Batches(examples, tokens, 0), 0.0, 0, model.training
    device = next(model.parameters()).device
    model.eval()
    try:
        for batch in batches.epoch(0):
            size = int((batch.target_length - 1).sum())
            total += float(loss_of(model, batch.to(device), 0.0)) * size
            count += size
    finally:
        model.train(training)
    return total / count


def loss_of(model: Seq2Seq, batch: Batch, label_smoothing: float, teacher_forcing: float = 1.0) -> Tensor:
    """The mean cross-entropy of a model on a batch that lies where the model does; see `Seq2Seq.loss`."""
    return model.loss(
        batch.source,
        batch.source_length,
        batch.target,
        batch.target_length,
        label_smoothing=label_smoothing,
        teacher_forcing=teacher_forcing,
    )
