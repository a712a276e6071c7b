"""The vocabulary of a model, learnt from its training pairs: what a token is on either side, and how many there are."""

from collections.abc import Sequence

from segue.text.bytes import ByteTokenizer
from segue.text.characters import CharacterTokenizer
from segue.text.named import TokenizerName, learn_tokenizer
from segue.text.sides import SidesTokenizer
from segue.translate.data.pairs import Pair
from segue.translate.data.vocabulary import Vocabulary
from segue.translate.evaluation.scores import Unit

_PER_TOKEN = 800
"""Characters of text that a byte pair should have been seen in; between these bounds:"""
_LEAST, _MOST = 300, 4000
_FEW_WORDS, _OFTEN = 500, 20


def learn_vocabulary(
    pairs: Sequence[Pair],
    source: TokenizerName | None = None,
    target: TokenizerName | None = None,
    size: int | None = None,
) -> Vocabulary:
    """Learns tokenizers: a joint one where both sides have the same kind, else one a side.

    Args:
        pairs: The training part, never the others.
        source: What a token of the source is; `None` for what `kind_of` finds.
        target: What a token of the target is.
        size: The most tokens of words or byte pairs; `None` for all words, and for byte pairs as the text is long,
            up to 4,000.

    Raises:
        UserError: The package of a tokenizer is missing, or the size is too small.
    """
    texts = ["\n".join(side) for side in zip(*pairs, strict=True)]
    kinds = (source or kind_of(texts[0]), target or kind_of(texts[1]))
    if kinds[0] == kinds[1]:
        texts = ["\n".join(texts)]
    learnt = []
    for kind, text in zip(kinds, texts, strict=False):
        fitting = min(_MOST, max(_LEAST, len(text) // _PER_TOKEN)) if kind == "bpe" else None
        learnt.append(learn_tokenizer(kind, text, size or fitting))
    return Vocabulary(learnt[0] if len(learnt) == 1 else SidesTokenizer(*learnt))


def unit_of(vocabulary: Vocabulary) -> Unit:
    """What errors are counted in: characters where a model writes such, else words."""
    tokenizer = vocabulary.tokenizer
    written = tokenizer.target if isinstance(tokenizer, SidesTokenizer) else tokenizer
    return "character" if isinstance(written, CharacterTokenizer | ByteTokenizer) else "word"


def kind_of(text: str) -> TokenizerName:
    """What a token of these lines should be.

    Characters, where a line is a single word: spelling, inflection. Words, where there are few and each is frequent:
    phonemes, commands. Else byte pairs.
    """
    words = text.split()
    if len(words) < 1.2 * (text.count("\n") + 1):
        return "character"
    distinct = len(set(words))
    return "word" if distinct <= _FEW_WORDS and len(words) >= _OFTEN * distinct else "bpe"
