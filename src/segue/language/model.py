"""The language model: embed, a backbone, a probability for every possible next token."""

from dataclasses import asdict
from pathlib import Path

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from segue.backbones.named import build_backbone
from segue.folder import fingerprint
from segue.heads.categorical import Categorical, CategoricalHead
from segue.language.sizes import LanguageModelConfig, read_sizes
from segue.state import State
from segue.text.protocol import Tokenizer
from segue.training.models import arrays_of, load_model, save_model


class LanguageModel(nn.Module):
    """Predicts, at every token, the next one.

    Args:
        config: Sizes and parts.
        tokenizer: Maps text to token ids; it is saved with the model.
    """

    causal = True

    def __init__(self, config: LanguageModelConfig, tokenizer: Tokenizer) -> None:
        super().__init__()
        self.config, self.tokenizer = config, tokenizer
        self.embed = nn.Embedding(tokenizer.size, config.width)
        self.backbone = build_backbone(
            config.backbone,
            config.width,
            layers=config.layers,
            heads=config.heads,
            window=config.window,
            positions=config.positions,
            level1=config.level1,
            expansion=config.expansion,
        )
        normed = config.backbone == "transformer"  # by its last layer
        self.norm = nn.Identity() if normed else nn.LayerNorm(config.width)
        self.head = CategoricalHead(config.width, patch=1, classes=tokenizer.size)
        self.dropout = nn.Dropout(config.dropout)
        self.scale = 1.0
        if config.backbone == "transformer":  # its residual stream must not start as a copy of the last token
            nn.init.normal_(self.embed.weight, std=0.02)  # (Radford et al. 2019)
        elif config.tied:  # small for logits, scaled up for the backbone (Vaswani et al. 2017, section 3.4)
            self.scale = config.width**0.5
            nn.init.normal_(self.embed.weight, std=config.width**-0.5)
        if config.tied:
            self.head.project.weight = self.embed.weight

    @property
    def fingerprint(self) -> str:
        """A hash of config, tokenizer and weights. A saved state holds it, and other models refuse that state."""
        config = {**asdict(self.config), "tokenizer": self.tokenizer.to_json()}
        return fingerprint(config, arrays_of(self.state_dict()))

    def initial_state(
        self, lanes: int, *, device: torch.device | str | None = None, dtype: torch.dtype | None = None
    ) -> State:
        """The state of fresh lanes."""
        return self.backbone.initial_state(lanes, device=device, dtype=dtype)

    def forward(
        self,
        tokens: Int[Tensor, "lanes time"],
        state: State | None = None,
        reset: Bool[Tensor, "lanes"] | Bool[Tensor, "lanes time"] | None = None,
    ) -> tuple[Categorical, State]:
        """Reads `time` tokens per lane; see `segue.backbones.protocol.Backbone` for state and reset.

        Returns:
            The distribution of the token after each token, logits (lanes, time, vocabulary), and the new state.
        """
        hidden, state = self.read(tokens, state, reset)
        return Categorical(self.head(hidden).logits.squeeze(-2)), state

    def read(
        self,
        tokens: Int[Tensor, "lanes time"],
        state: State | None = None,
        reset: Bool[Tensor, "lanes"] | Bool[Tensor, "lanes time"] | None = None,
    ) -> tuple[Float[Tensor, "lanes time width"], State]:
        """The input of the head, and the new state: for losses that do not need all logits."""
        hidden, state = self.backbone(self.dropout(self.scale * self.embed(tokens)), state, reset)
        return self.dropout(self.norm(hidden)), state

    @staticmethod
    def from_pretrained(folder: str | Path) -> "LanguageModel":
        """Loads a model folder, in single precision, ready to predict.

        Raises:
            UserError: The folder is missing or damaged, or holds another kind of model.
        """
        return load_model(folder, read_sizes, lambda sizes: LanguageModel(*sizes))

    def save_pretrained(self, folder: str | Path, *, card: str | None = None, half: bool = False) -> None:
        """Writes the model folder: `config.json`, `model.safetensors`, `tokenizer.json`, and a card if one is given.

        Args:
            folder: A new folder, or one that holds a model, which is replaced.
            card: The text of MODEL_CARD.md.
            half: Store floating tensors in half precision.
        """
        tokenizer = self.tokenizer.to_json()
        save_model(folder, "language", asdict(self.config), self, half=half, card=card, tokenizer=tokenizer)
