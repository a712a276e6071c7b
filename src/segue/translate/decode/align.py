"""Where the model looks: attention as a matrix, target by source, over tokens or over words.

With a recurrent decoder the weights come near to an alignment of words. Those of a transformer need not: of its layers
some may mostly look at the end of the source.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from segue.errors import UserError
from segue.translate.data.vocabulary import BEGIN, END, Vocabulary
from segue.translate.model.seq2seq import Seq2Seq

END_TEXT = "</s>"
"""How END is written beside a matrix."""


@dataclass(frozen=True, eq=False)
class Alignment:
    """A matrix and the names of its rows and columns.

    Attributes:
        source: Texts of the columns, END last.
        target: Texts of the rows, END last.
        weights: Row t: where the model looks to say t. Rows have a sum of one.
    """

    source: tuple[str, ...]
    target: tuple[str, ...]
    weights: Float[Tensor, "to from"]


def align(model: Seq2Seq, source: str, target: str, *, words: bool | None = None, layer: int = -1) -> Alignment:
    """Where the model looks as it reads a given translation.

    Args:
        model: A model with attention.
        source: The source text.
        target: Its translation.
        words: By words, which white space divides: weights are summed over the pieces of a source word, and averaged
            over those of a target word. False for by tokens; `None` for by tokens if the source is a single word.
        layer: Which layer of a transformer; its heads are averaged.

    Raises:
        UserError: The model has no attention, or no such layer.
    """
    vocabulary = model.vocabulary
    of_source, of_target = vocabulary.source(source), [*vocabulary.encode(target), END]
    weights = attention_matrix(model, of_source, of_target, layer=layer)
    if words is False or (words is None and len(source.split()) == 1):
        return Alignment(_pieces(vocabulary, of_source), _pieces(vocabulary, of_target), weights)
    columns, rows = (_membership(vocabulary, tokens).to(weights) for tokens in (of_source, of_target))
    mean = rows / rows.sum(dim=0)
    return Alignment(_words(vocabulary, of_source), _words(vocabulary, of_target), mean.T @ weights @ columns)


@torch.no_grad()
def attention_matrix(
    model: Seq2Seq, source: list[int], target: list[int], *, layer: int = -1
) -> Float[Tensor, "to from"]:
    """The attention with which each target token is said, on the CPU; without dropout, whatever the model's mode.

    Args:
        model: A model with attention.
        source: Tokens, with END.
        target: Tokens, without BEGIN.
        layer: Which layer of a transformer; its heads are averaged.

    Raises:
        UserError: The model has no attention, or no such layer.
    """
    device = model.embed.weight.device
    tokens = torch.tensor([source], device=device)
    read = torch.tensor([[BEGIN, *target[:-1]]], device=device)
    training = model.training
    model.eval()
    try:
        weights = model.attention(tokens, torch.tensor([len(source)], device=device), read)
    finally:
        model.train(training)
    layers = weights.shape[1]
    if not -layers <= layer < layers:
        raise UserError("layer", layer, f"give a whole number from 0 to {layers - 1}, or -1 for the last")
    return weights[0, layer].mean(dim=0).cpu()


def _pieces(vocabulary: Vocabulary, tokens: list[int]) -> tuple[str, ...]:
    return (*(vocabulary.decode([token]) for token in tokens[:-1]), END_TEXT)


def _words(vocabulary: Vocabulary, tokens: list[int]) -> tuple[str, ...]:
    text = vocabulary.decode(tokens)
    return (*(text.split() or ([text] if len(tokens) > 1 else [])), END_TEXT)


def _membership(vocabulary: Vocabulary, tokens: list[int]) -> Float[Tensor, "tokens words"]:
    """One where a token belongs to a word; END is a word of its own."""
    word = vocabulary.words(tokens[:-1])
    word.append(max(word, default=-1) + 1)
    return torch.nn.functional.one_hot(torch.tensor(word)).double()
