"""The vocabulary of a model: the tokens of a tokenizer learnt from the training pairs, and four special ones."""

from collections.abc import Sequence

from segue.text.named import TokenizerName, learn_tokenizer
from segue.text.protocol import Tokenizer
from segue.text.sides import SidesTokenizer
from segue.translate.data.pairs import Pair

PADDING, BEGIN, END, UNKNOWN = range(4)
"""The special tokens: padding of a batch, the first input of the decoder, the end of a sentence, and unknown text."""

_OFFSET = 4
_CHARACTERS_PER_PAIR = 800
"""Characters of training text for each byte pair; the bounds below limit the number of pairs."""
_FEWEST_PAIRS, _MOST_PAIRS = 300, 4000
_FEW_WORDS, _FREQUENT = 500, 20


class Vocabulary:
    """A tokenizer's tokens, numbered from 4 on in their order; its unknown token, if it has one, becomes UNKNOWN.

    One vocabulary serves source and target, so that one matrix can embed both.

    Args:
        tokenizer: Cuts texts into pieces; it is saved with the model.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.tokenizer = tokenizer

    @property
    def size(self) -> int:
        """The number of different tokens."""
        return self.tokenizer.size + _OFFSET - (self.tokenizer.unknown is not None)

    @property
    def reads_unknown(self) -> bool:
        """Whether a source can hold UNKNOWN: bytes and byte pairs spell everything."""
        inner = self.tokenizer.source if isinstance(self.tokenizer, SidesTokenizer) else self.tokenizer
        return inner.unknown is not None

    def encode(self, text: str) -> list[int]:
        """The pieces of a target text, without BEGIN and END."""
        return self._numbered(self.tokenizer.encode(text))

    def source(self, text: str) -> list[int]:
        """The input of an encoder: the pieces of a source text and END, so that no source is empty."""
        encode = self.tokenizer.encode_source if isinstance(self.tokenizer, SidesTokenizer) else self.tokenizer.encode
        return [*self._numbered(encode(text)), END]

    def target(self, text: str) -> list[int]:
        """The target of a decoder in training: BEGIN, the pieces, END."""
        return [BEGIN, *self.encode(text), END]

    def decode(self, tokens: Sequence[int]) -> str:
        """The text. PADDING, BEGIN and END have none; UNKNOWN has the text of the tokenizer's unknown token."""
        return self.tokenizer.decode(self._inner(tokens))

    def words(self, tokens: Sequence[int]) -> list[int]:
        """For each token, the index of its word in `decode(tokens).split()`.

        White space belongs to the word before it, or to the first; a token without text belongs to the last word begun.
        """
        begun = (len(self.decode(tokens[: i + 1]).split()) for i in range(len(tokens)))
        return [max(0, count - 1) for count in begun]

    def _numbered(self, tokens: Sequence[int]) -> list[int]:
        """The tokenizer's own numbers as ours."""
        unknown, ours = self.tokenizer.unknown, []
        for token in tokens:
            behind = unknown is not None and token > unknown
            ours.append(UNKNOWN if token == unknown else token + _OFFSET - behind)
        return ours

    def _inner(self, tokens: Sequence[int]) -> list[int]:
        """Our numbers as the tokenizer's own; tokens that it does not have are left out."""
        unknown, inner = self.tokenizer.unknown, []
        for token in tokens:
            if token >= _OFFSET:
                behind = unknown is not None and token - _OFFSET >= unknown
                inner.append(token - _OFFSET + behind)
            elif token == UNKNOWN and unknown is not None:
                inner.append(unknown)
        return inner


def learn_vocabulary(
    pairs: Sequence[Pair],
    source: TokenizerName | None = None,
    target: TokenizerName | None = None,
    size: int | None = None,
) -> Vocabulary:
    """Learns tokenizers: a joint one where both sides are of one kind, else one for each side.

    Args:
        pairs: The training part, never the others.
        source: What a token of the source is; `None` for the kind that `kind_of` infers.
        target: What a token of the target is, likewise.
        size: The most tokens of words or byte pairs. `None` for all words, and for a number of byte pairs that grows
            with the text, up to 4,000.

    Raises:
        UserError: The package of a tokenizer is missing, or the size is too small.
    """
    texts = ["\n".join(side) for side in zip(*pairs, strict=True)]
    kinds = (source or kind_of(texts[0]), target or kind_of(texts[1]))
    if kinds[0] == kinds[1]:
        texts = ["\n".join(texts)]
    learnt = []
    for kind, text in zip(kinds, texts, strict=False):
        fitting = min(_MOST_PAIRS, max(_FEWEST_PAIRS, len(text) // _CHARACTERS_PER_PAIR)) if kind == "bpe" else None
        learnt.append(learn_tokenizer(kind, text, fitting if size is None else size))
    return Vocabulary(learnt[0] if len(learnt) == 1 else SidesTokenizer(*learnt))


def kind_of(text: str) -> TokenizerName:
    """Infers what a token of these lines should be.

    Tokens are characters if lines are single words, as in spelling or inflection. They are words if there are few and
    each is frequent, as in phonemes or commands. Otherwise they are byte pairs.
    """
    words = text.split()
    if len(words) < 1.2 * (text.count("\n") + 1):
        return "character"
    distinct = len(set(words))
    return "word" if distinct <= _FEW_WORDS and len(words) >= _FREQUENT * distinct else "bpe"
