"""The encoder-decoder model: a source sentence in, a distribution over each next token of its translation out."""

from dataclasses import asdict
from pathlib import Path

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional

from segue.backbones.recurrent import LSTM, RNN
from segue.errors import UserError
from segue.folder import fingerprint
from segue.heads.categorical import Categorical, CategoricalHead
from segue.state import State
from segue.training.models import arrays_of, load_model, save_model
from segue.translate.data.vocabulary import Vocabulary
from segue.translate.model.attention import ATTENTIONS
from segue.translate.model.decoder import Decoder, RecurrentDecoder
from segue.translate.model.encoder import RecurrentEncoder, TransformerEncoder
from segue.translate.model.lengths import Lengths
from segue.translate.model.memory import Memory, mask_of
from segue.translate.model.sizes import Seq2SeqConfig, read_sizes
from segue.translate.model.transformer_decoder import TransformerDecoder


class Seq2Seq(nn.Module):
    """Predicts every token of a target sentence from the source and the target tokens before it.

    Sources end with END; targets begin with BEGIN and end with END; both are padded with PADDING, see
    `segue.translate.data.vocabulary`. No prediction for a sentence depends on padding.

    Args:
        config: Sizes and parts.
        vocabulary: The tokens of both sides; it is saved with the model.
        lengths: The limit of the length of outputs; it is saved with the model, too.
    """

    encoder: RecurrentEncoder | TransformerEncoder
    decoder: Decoder

    def __init__(self, config: Seq2SeqConfig, vocabulary: Vocabulary, lengths: Lengths | None = None) -> None:
        super().__init__()
        self.config, self.vocabulary, self.lengths = config, vocabulary, lengths or Lengths()
        self.embed = nn.Embedding(vocabulary.size, config.width)
        self.embed_source = None if config.tied else nn.Embedding(vocabulary.size, config.width)
        self.encoder, self.decoder = _build(config)
        self.head = CategoricalHead(config.width, patch=1, classes=vocabulary.size)
        self.dropout = nn.Dropout(config.dropout)
        deviation = config.token_length * config.width**-0.5
        self.scale = 1 / deviation  # gives inputs of unit variance; at length 1 as in Vaswani et al. 2017, section 3.4
        for embedding in (self.embed, self.embed_source):
            if embedding is not None:
                nn.init.normal_(embedding.weight, std=deviation)
        if config.tied:
            self.head.project.weight = self.embed.weight

    @property
    def fingerprint(self) -> str:
        """A hash of config, lengths, tokenizer and weights."""
        facts = {**self._facts(), "tokenizer": self.vocabulary.tokenizer.to_json()}
        return fingerprint(facts, arrays_of(self.state_dict()))

    def _facts(self) -> dict[str, object]:
        return {**asdict(self.config), "lengths": asdict(self.lengths)}

    def encode(self, source: Int[Tensor, "lanes from"], source_length: Int[Tensor, "lanes"]) -> Memory:
        """Reads the source.

        Args:
            source: Tokens, with END; tokens from `source_length` on are ignored.
            source_length: Number of tokens of each lane, at least one.
        """
        embed = self.embed if self.embed_source is None else self.embed_source
        memory: Memory = self.encoder(self.dropout(self.scale * embed(source)), source_length)
        return memory

    def begin(self, memory: Memory) -> tuple[State, State]:
        """The source as the decoder reads it, and the state before the first target token; see `Decoder.begin`."""
        return self.decoder.begin(memory)

    def read(
        self, target: Int[Tensor, "lanes to"], state: State, source: State
    ) -> tuple[Float[Tensor, "lanes to width"], State]:
        """Reads target tokens: the hidden vector that predicts what follows each, and the new state."""
        hidden, state, _ = self.decoder(self.dropout(self.scale * self.embed(target)), state, source)
        return self.dropout(hidden), state

    def logits(self, hidden: Float[Tensor, "*tokens width"]) -> Float[Tensor, "*tokens vocabulary"]:
        """The next token's logits, from the hidden vectors of `read`."""
        distribution: Categorical = self.head(hidden)
        return distribution.logits.squeeze(-2)

    def forward(
        self,
        source: Int[Tensor, "lanes from"],
        source_length: Int[Tensor, "lanes"],
        target: Int[Tensor, "lanes to"],
    ) -> Categorical:
        """The distribution of the token after each target token (teacher forcing), logits (lanes, to, vocabulary)."""
        keys, state = self.begin(self.encode(source, source_length))
        return Categorical(self.logits(self.read(target, state, keys)[0]))

    def step(
        self, token: Int[Tensor, "lanes"], state: State, source: State
    ) -> tuple[Float[Tensor, "lanes vocabulary"], State]:
        """Reads one target token in each lane: the log-probabilities of the next token, and the new state."""
        hidden, state = self.read(token[:, None], state, source)
        return self.logits(hidden[:, 0]).log_softmax(dim=-1), state

    def loss(
        self,
        source: Int[Tensor, "lanes from"],
        source_length: Int[Tensor, "lanes"],
        target: Int[Tensor, "lanes to"],
        target_length: Int[Tensor, "lanes"],
        *,
        label_smoothing: float = 0.0,
        teacher_forcing: float = 1.0,
    ) -> Float[Tensor, ""]:
        """The mean cross-entropy of the target tokens after BEGIN, in nats; padding costs no softmax.

        Args:
            source: As for `encode`.
            source_length: As for `encode`.
            target: Tokens, with BEGIN and END.
            target_length: Number of tokens of each lane, these two included.
            label_smoothing: Share of the target probability that is spread evenly over all tokens (Szegedy et al.
                2016).
            teacher_forcing: Share of the positions at which the decoder reads the true token; elsewhere it reads its
                own most probable token (scheduled sampling, Bengio et al. 2015). Below one the decoder runs step by
                step.

        Raises:
            UserError: The share is not from 0 to 1, or below 1 for a transformer.
        """
        if not 0 <= teacher_forcing <= 1:
            raise UserError("teacher_forcing", teacher_forcing, "give a share from 0 to 1")
        if teacher_forcing < 1 and self.config.architecture == "transformer":
            remedy = "give 1: a transformer trains on all positions at once; recurrent architectures take less"
            raise UserError("teacher_forcing", teacher_forcing, remedy)
        keys, state = self.begin(self.encode(source, source_length))
        if teacher_forcing == 1:
            hidden, _ = self.read(target[:, :-1], state, keys)
        else:
            hidden = self._read_partly_own(target[:, :-1], state, keys, teacher_forcing)
        wanted = mask_of(target_length - 1, target.shape[1] - 1)
        return functional.cross_entropy(
            self.logits(hidden[wanted]), target[:, 1:][wanted], label_smoothing=label_smoothing
        )

    def _read_partly_own(self, target: Tensor, state: State, source: State, share: float) -> Tensor:
        token, vectors = target[:, 0], list[Tensor]()
        for index in range(target.shape[1]):
            if index:
                own = self.logits(vectors[-1].detach()).argmax(dim=-1)
                token = target[:, index].where(torch.rand(len(own), device=own.device) < share, own)
            hidden, state = self.read(token[:, None], state, source)
            vectors.append(hidden[:, 0])
        return torch.stack(vectors, dim=1)

    def attention(
        self,
        source: Int[Tensor, "lanes from"],
        source_length: Int[Tensor, "lanes"],
        target: Int[Tensor, "lanes to"],
    ) -> Float[Tensor, "lanes layers heads to from"]:
        """The attention with which the decoder reads each target token and predicts the next; zero at padding.

        Raises:
            UserError: The architecture has no attention.
        """
        keys, state = self.begin(self.encode(source, source_length))
        weights = self.decoder(self.scale * self.embed(target), state, keys, weights=True).weights
        if weights is None:
            raise UserError("architecture", self.config.architecture, "take one with attention; this one has none")
        return weights

    @staticmethod
    def from_pretrained(folder: str | Path) -> "Seq2Seq":
        """Loads a model folder, in single precision, ready to translate.

        Raises:
            UserError: The folder is missing or damaged, or holds another kind of model.
        """
        return load_model(folder, read_sizes, lambda sizes: Seq2Seq(*sizes))

    def save_pretrained(self, folder: str | Path, *, card: str | None = None, half: bool = False) -> None:
        """Writes the model folder: `config.json`, `model.safetensors`, `tokenizer.json`, and a card if one is given.

        Args:
            folder: A new folder, or one that holds a model, which is replaced.
            card: The text of MODEL_CARD.md.
            half: Store floating tensors in half precision.
        """
        tokenizer = self.vocabulary.tokenizer.to_json()
        save_model(folder, "translate", self._facts(), self, half=half, card=card, tokenizer=tokenizer)


def _build(
    config: Seq2SeqConfig,
) -> tuple[RecurrentEncoder | TransformerEncoder, RecurrentDecoder | TransformerDecoder]:
    if config.architecture == "transformer":
        sizes = {"heads": config.heads, "layers": config.layers}
        return (
            TransformerEncoder(config.width, **sizes, dropout=config.dropout),
            TransformerDecoder(config.width, **sizes, dropout=config.dropout),
        )
    cell, _, attends = config.architecture.partition("-")
    kind = RNN if cell == "rnn" else LSTM
    forth, back = (kind(config.width // 2, config.layers) for _ in range(2))
    onward = kind(config.width, config.layers)
    attention = ATTENTIONS[config.attention](config.width) if attends else None
    return RecurrentEncoder(forth, back), RecurrentDecoder(onward, attention)
