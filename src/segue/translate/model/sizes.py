"""The sizes and parts of an encoder-decoder model; no torch is needed to read and check them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from segue.backbones.shapes import Shapes, block, linear, norm, recurrent, under
from segue.config import from_dict
from segue.errors import UserError
from segue.folder import load_config, require_shapes
from segue.text.named import load_tokenizer
from segue.translate.data.vocabulary import Vocabulary
from segue.translate.model.lengths import Lengths

AttentionName = Literal["dot", "general", "additive"]
Architecture = Literal["rnn", "rnn-attention", "lstm", "lstm-attention", "transformer"]


@dataclass(frozen=True)
class Seq2SeqConfig:
    """The sizes and parts of an encoder-decoder model; the size of the vocabulary is the tokenizer's."""

    architecture: Architecture = "lstm-attention"
    """`rnn` and `lstm` pass on the final state of the encoder alone; with attention the decoder reads all states."""
    width: int = 256
    """Size of embeddings and hidden vectors; even, since each direction of a recurrent encoder takes half of it."""
    layers: int = 1
    """Recurrent layers, or the transformer's blocks, on each side."""
    heads: int = 4
    """Attention heads of the transformer."""
    attention: AttentionName = "general"
    """How a recurrent model with attention compares target and source."""
    tied: bool = True
    """One matrix embeds source and target tokens and predicts the latter (Press and Wolf 2017)."""
    token_length: float = 4.0
    """The initial length of a token's vector. Adam's steps do not depend on it, so they are coarse for short vectors.
    A transformer needs 1: its hidden vectors are normalised, so longer token vectors give too large first logits."""
    dropout: float = 0.1
    """Share of the values of embeddings, hidden vectors and branches that training sets to zero at random."""

    def __post_init__(self) -> None:
        for name in ("width", "layers", "heads"):
            if getattr(self, name) < 1:
                raise UserError(name, getattr(self, name), "give a whole number of at least 1")
        if self.width % 2:
            raise UserError("width", self.width, "give an even number")
        if self.architecture == "transformer" and self.width % self.heads:
            raise UserError("width", self.width, f"give an even multiple of {self.heads}, the number of heads")
        if not 0 < self.token_length < float("inf"):
            raise UserError("token_length", self.token_length, "give a number above 0")
        if not 0 <= self.dropout < 1:
            raise UserError("dropout", self.dropout, "give a share from 0 to below 1")

    def shapes(self, vocabulary: int) -> Shapes:
        """The name and the shape of each weight of `segue.translate.model.seq2seq.Seq2Seq`, one after another."""
        width = self.width
        yield "embed.weight", (vocabulary, width)
        if not self.tied:
            yield "embed_source.weight", (vocabulary, width)
        yield from self._transformer() if self.architecture == "transformer" else self._recurrent()
        yield from under("head.project", linear(width, vocabulary))

    def _transformer(self) -> Shapes:
        width = self.width
        for layer in range(self.layers):
            yield from under(f"encoder.blocks.{layer}", block(width))
        yield from under("encoder.norm", norm(width))
        for layer in range(self.layers):
            name = f"decoder.blocks.{layer}"
            yield from under(name, block(width))
            yield from under(f"{name}.cross_norm", norm(width))
            yield from under(f"{name}.cross.query", linear(width, width))
            yield from under(f"{name}.cross.key_value", linear(width, 2 * width))
            yield from under(f"{name}.cross.out", linear(width, width))
        yield from under("decoder.norm", norm(width))

    def _recurrent(self) -> Shapes:
        width = self.width
        kind: Literal["rnn", "lstm"] = "rnn" if self.architecture.startswith("rnn") else "lstm"
        for way in ("forth", "back"):
            yield from under(f"encoder.{way}", recurrent(kind, width // 2, self.layers))
        yield from under("decoder.backbone", recurrent(kind, width, self.layers))
        for name in ("hidden", "cell") if kind == "lstm" else ("hidden",):
            yield from under(f"decoder.bridge.{name}", linear(width, width))
        if not self.architecture.endswith("attention"):
            return
        if self.attention != "dot":
            yield from under("decoder.attention.key", linear(width, width, bias=False))
        if self.attention == "additive":
            yield from under("decoder.attention.query", linear(width, width))
            yield from under("decoder.attention.fit", linear(width, 1, bias=False))
        yield from under("decoder.mix", linear(2 * width, width))


def read_sizes(folder: str | Path) -> tuple[Seq2SeqConfig, Vocabulary, Lengths]:
    """Reads what decides on a model, and checks that the header of the weights fits it.

    Raises:
        UserError: The folder is missing, damaged or of another kind, or its weights do not fit.
    """
    stored = load_config(folder, "translate", "a translation model")[1]
    lengths = from_dict(Lengths, stored.pop("lengths", {}))
    config, vocabulary = from_dict(Seq2SeqConfig, stored), Vocabulary(load_tokenizer(Path(folder)))
    require_shapes(folder, config.shapes(vocabulary.size))
    return config, vocabulary, lengths
