"""The sizes and parts of a language model, as its `config.json` holds them; read without torch."""

from dataclasses import dataclass
from pathlib import Path

from segue.backbones.shapes import BackboneName, LevelName, Positions, Shapes, backbone, linear, norm, under
from segue.config import from_dict
from segue.errors import UserError
from segue.folder import load_config, require_shapes
from segue.text.named import load_tokenizer
from segue.text.protocol import Tokenizer

_MOST_NUMBERS = 2**25  # window x width x layers: keys and values of a lane then take at most 270 MB


@dataclass(frozen=True)
class LanguageModelConfig:
    """The sizes and parts of a language model; the size of the vocabulary is the tokenizer's."""

    backbone: BackboneName = "lstm"
    """The kind of memory. Only the transformer forgets what is outside its window."""
    width: int = 256
    """Size of embeddings and hidden vectors."""
    layers: int = 1
    """Recurrent layers, or the transformer's blocks."""
    heads: int = 4
    """Attention heads of the transformer."""
    window: int = 256
    """Tokens that a token of the transformer attends to, itself included."""
    positions: Positions = "rotary"
    """How the transformer encodes the order of tokens; `"learned"` covers the first `window` tokens of a document."""
    level1: LevelName = "lstm"
    """The first level of the nested backbone; `layers`, `heads`, `window` and `positions` then apply to it."""
    expansion: int = 4
    """Size of the hidden layers in levels 2 and 3 of the nested backbone, in widths."""
    tied: bool = False
    """One matrix embeds tokens and predicts them (Press and Wolf 2017); useful for large vocabularies."""
    dropout: float = 0.0
    """Share of the values of embeddings and hidden vectors that training sets to zero at random."""

    def __post_init__(self) -> None:
        for name in ("width", "layers", "heads", "window", "expansion"):
            if getattr(self, name) < 1:
                raise UserError(name, getattr(self, name), "give a whole number of at least 1")
        if self.attends and self.width % (2 * self.heads):
            raise UserError("width", self.width, f"give a multiple of {2 * self.heads} for {self.heads} heads")
        most = max(1, _MOST_NUMBERS // (self.width * self.layers))
        if self.attends and self.window > most:
            remedy = f"give at most {most} for {self.layers} layers of width {self.width}: a lane remembers all of it"
            raise UserError("window", self.window, remedy)
        if not 0 <= self.dropout < 1:
            raise UserError("dropout", self.dropout, "give a share from 0 to below 1")

    @property
    def attends(self) -> bool:
        """Whether the model contains a transformer."""
        return "transformer" in (self.backbone, self.level1 if self.backbone == "nested" else None)

    @property
    def position_limit(self) -> int | None:
        """Number of tokens of a document for which positions are learned; `None` for no limit."""
        return self.window if self.attends and self.positions == "learned" else None

    def shapes(self, vocabulary: int) -> Shapes:
        """The name and the shape of each weight of `segue.language.model.LanguageModel`, one after another."""
        yield "embed.weight", (vocabulary, self.width)
        inner = backbone(
            self.backbone,
            self.width,
            layers=self.layers,
            window=self.window,
            positions=self.positions,
            level1=self.level1,
            expansion=self.expansion,
        )
        yield from under("backbone", inner)
        if self.backbone != "transformer":
            yield from under("norm", norm(self.width))
        yield from under("head.project", linear(self.width, vocabulary))


def read_sizes(folder: str | Path) -> tuple[LanguageModelConfig, Tokenizer]:
    """Reads the config and the tokenizer of a model folder, and checks that the header of the weights fits them.

    Raises:
        UserError: The folder is missing, damaged or of another kind, or its weights do not fit.
    """
    config = from_dict(LanguageModelConfig, load_config(folder, "language", "a language model")[1])
    tokenizer = load_tokenizer(Path(folder))
    require_shapes(folder, config.shapes(tokenizer.size))
    return config, tokenizer
