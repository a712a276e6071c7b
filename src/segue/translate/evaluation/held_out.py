"""The loss of a model on batches, and its mean over held-out pairs."""

from collections.abc import Sequence

import torch
from torch import Tensor

from segue.translate.data.batches import Batch, Batches
from segue.translate.data.pairs import Pair
from segue.translate.model.seq2seq import Seq2Seq


@torch.inference_mode()
def held_out_loss(model: Seq2Seq, pairs: Sequence[Pair], tokens: int = 1536) -> float:
    """The mean of -log p per token of the targets, END included, in nats; the mode of the model stays as it is.

    Args:
        model: The model.
        pairs: Pairs that are not in its training.
        tokens: The most tokens of a side of a batch; the result does not depend on it.
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
    """The mean cross-entropy of a model on a batch that is on the model's device; see `Seq2Seq.loss`."""
    return model.loss(
        batch.source,
        batch.source_length,
        batch.target,
        batch.target_length,
        label_smoothing=label_smoothing,
        teacher_forcing=teacher_forcing,
    )
