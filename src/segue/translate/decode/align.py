"""Alignment: attention as a matrix, target by source, over tokens or over words.

The weights of a recurrent decoder are close to an alignment of words. Those of a transformer may not be: some of its
layers may attend mostly to the end of the source.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from segue.errors import UserError
from segue.translate.data.vocabulary import BEGIN, END, Vocabulary
from segue.translate.model.seq2seq import Seq2Seq

END_TEXT = "</s>"
"""The label of END beside a matrix."""


@dataclass(frozen=True, eq=False)
class Alignment:
    """A matrix and the names of its rows and columns.

    Attributes:
        source: Texts of the columns, END last.
        target: Texts of the rows, END last.
        weights: Row t is the attention with which piece t is predicted. Each row sums to one.
    """

    source: tuple[str, ...]
    target: tuple[str, ...]
    weights: Float[Tensor, "to from"]


def align(model: Seq2Seq, source: str, target: str, *, words: bool | None = None, layer: int = -1) -> Alignment:
    """The attention of a model as it predicts a given target.

    Args:
        model: A model with attention.
        source: The source text.
        target: The target text.
        words: True for words, which white space divides: weights are summed over the tokens of a source word, and
            averaged over those of a target word. False for tokens; `None` for tokens if the source is a single word.
        layer: The index of a transformer's layer; its heads are averaged.

    Raises:
        UserError: The model has no attention, or no such layer.
    """
    vocabulary = model.vocabulary
    source_tokens, target_tokens = vocabulary.source(source), [*vocabulary.encode(target), END]
    weights = attention_matrix(model, source_tokens, target_tokens, layer=layer)
    if words is False or (words is None and len(source.split()) == 1):
        return Alignment(_pieces(vocabulary, source_tokens), _pieces(vocabulary, target_tokens), weights)
    columns, rows = (_membership(vocabulary, tokens).to(weights) for tokens in (source_tokens, target_tokens))
    mean = rows / rows.sum(dim=0)
    return Alignment(_words(vocabulary, source_tokens), _words(vocabulary, target_tokens), mean.T @ weights @ columns)


@torch.no_grad()
def attention_matrix(
    model: Seq2Seq, source: list[int], target: list[int], *, layer: int = -1
) -> Float[Tensor, "to from"]:
    """The attention with which each target token is predicted, on the CPU; without dropout in any mode of the model.

    Args:
        model: A model with attention.
        source: Tokens, with END.
        target: Tokens, without BEGIN.
        layer: The index of a transformer's layer; its heads are averaged.

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
