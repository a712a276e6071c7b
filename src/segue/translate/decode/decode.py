"""Translation of texts: in batches, and as if each text were alone."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import torch
from jaxtyping import Float
from torch import Tensor

from segue.translate.data.vocabulary import END, pad
from segue.translate.decode.align import attention_matrix
from segue.translate.decode.beam import beam_search
from segue.translate.decode.config import DecodeConfig
from segue.translate.decode.rules import Rules, rules_of
from segue.translate.decode.search import Draw, Found, most_probable, search
from segue.translate.model.seq2seq import Seq2Seq


@dataclass(frozen=True)
class Hypothesis:
    """A translation, and what the model thinks of it.

    Attributes:
        tokens: Its tokens, without BEGIN and END.
        text: Its text.
        score: The sum of the log-probabilities, divided by the length penalty.
        log_probabilities: In nats, of each token and, if it was reached, of END.
        finished: Whether END was reached within the greatest length.
        attention: Where the model looked, if that was asked for: a row for each log-probability, a column for each
            token of the source and END.
    """

    tokens: tuple[int, ...]
    text: str
    score: float
    log_probabilities: tuple[float, ...]
    finished: bool
    attention: Float[Tensor, "to from"] | None = field(default=None, compare=False, repr=False)


def translate_texts(
    model: Seq2Seq,
    texts: Sequence[str],
    config: DecodeConfig | None = None,
    *,
    batch_tokens: int = 2048,
    report: Callable[[int, int], None] | None = None,
) -> list[list[Hypothesis]]:
    """The translations of texts, best first.

    Texts of about the same length go into one batch. Neither that nor their order changes what is said of a text.

    Args:
        model: The model; dropout is off in here whatever its mode.
        texts: What to translate.
        config: How; `None` for greedy search.
        batch_tokens: The most source tokens of a batch, padding included, times the hypotheses that run.
        report: Is told how many texts are done, and of how many.

    Returns:
        For each text its `n_best` hypotheses: fewer only where there are no more, or were drawn twice.

    Raises:
        UserError: Attention is wanted of a model that has none, or the prefix is unknown to it.
    """
    config = config or DecodeConfig()
    vocabulary = model.vocabulary
    sources = [vocabulary.source(text) for text in texts]
    rules = rules_of(vocabulary, config)
    found, done = list[list[Hypothesis]]([[]]) * len(texts), 0
    mode = model.training
    model.eval()
    try:
        for picked in _batches([len(source) for source in sources], batch_tokens // max(config.beam, config.n_best)):
            batch = _decode(model, [sources[i] for i in picked], rules, config)
            for i, hypotheses in zip(picked, batch, strict=True):
                found[i] = [_hypothesis(model, sources[i], one, config) for one in hypotheses]
            done += len(picked)
            if report is not None:
                report(done, len(texts))
    finally:
        model.train(mode)
    return found


@torch.no_grad()
def _decode(model: Seq2Seq, sources: list[list[int]], rules: Rules, config: DecodeConfig) -> list[list[Found]]:
    """The hypotheses of one batch."""
    source, length = (tensor.to(model.embed.weight.device) for tensor in pad(sources))
    keys, state = model.begin(model.encode(source, length))
    ratio = model.lengths.ratio if config.max_ratio is None else config.max_ratio
    limit = (ratio * length).long() + (config.max_extra or model.lengths.extra) + len(rules.prefix)
    if config.sampling is None and config.beam == 1:
        return [[found] for found in search(model, keys, state, most_probable, rules, limit)]
    if config.sampling is None:
        return beam_search(model, keys, state, rules, limit, config)
    copies = config.n_best
    lanes = torch.arange(len(sources), device=length.device).repeat_interleave(copies)
    seeds = [[config.seed, copy, *tokens] for tokens in sources for copy in range(copies)]
    draw = Draw(config.sampling, seeds, int(limit.max()))
    drawn = search(model, keys.select(lanes), state.select(lanes), draw, rules, limit[lanes])
    return [_ranked(model, drawn[i : i + copies], config) for i in range(0, len(drawn), copies)]


def _ranked(model: Seq2Seq, drawn: list[Found], config: DecodeConfig) -> list[Found]:
    """Draws of one text, best first, each surface text once."""
    ranked = sorted(drawn, key=lambda found: -_score(found, config))
    first = {model.vocabulary.decode(found.tokens): found for found in reversed(ranked)}
    return [found for found in ranked if first[model.vocabulary.decode(found.tokens)] is found]


def _score(found: Found, config: DecodeConfig) -> float:
    return config.score(sum(found.log_probabilities), len(found.tokens))


def _hypothesis(model: Seq2Seq, source: list[int], found: Found, config: DecodeConfig) -> Hypothesis:
    finished = found.tokens[-1] == END
    return Hypothesis(
        tokens=tuple(found.tokens[:-1] if finished else found.tokens),
        text=model.vocabulary.decode(found.tokens),
        score=_score(found, config),
        log_probabilities=tuple(found.log_probabilities),
        finished=finished,
        attention=attention_matrix(model, source, found.tokens) if config.attention else None,
    )


def _batches(lengths: list[int], budget: int) -> Iterator[list[int]]:
    """Places of texts, short ones first: as many as fit with padding into the budget, or one that does not."""
    batch = list[int]()
    for i in sorted(range(len(lengths)), key=lengths.__getitem__):
        if batch and (len(batch) + 1) * lengths[i] > budget:
            yield batch
            batch = []
        batch.append(i)
    if batch:
        yield batch
