"""Translates texts in batches; each result is the same as for the text alone."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import torch
from jaxtyping import Float
from torch import Tensor

from segue.translate.data.batches import pad
from segue.translate.data.vocabulary import END
from segue.translate.decode.align import attention_matrix
from segue.translate.decode.beam import beam_search
from segue.translate.decode.config import DecodeConfig
from segue.translate.decode.rules import Rules, rules_of
from segue.translate.decode.search import Draw, ScoredTokens, most_probable, search
from segue.translate.model.seq2seq import Seq2Seq


@dataclass(frozen=True)
class Hypothesis:
    """An output of the model for one source, with its score.

    Attributes:
        tokens: Its tokens, without BEGIN and END.
        text: Its text.
        score: The sum of the log-probabilities, divided by the length penalty.
        log_probabilities: In nats, one for each token and, where it was reached, END.
        finished: Whether END was reached within the greatest length.
        attention: A row for each log-probability, a column for each token of the source and END; None where it was not
            requested.
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
    """Translates texts.

    Texts of about the same length go into one batch. Neither that nor their order changes the results.

    Args:
        model: The model; dropout is off here, even in training mode.
        texts: The sources.
        config: How to decode; `None` for greedy search.
        batch_tokens: The most source tokens of a batch, padding included, times the hypotheses of each source.
        report: Called after each batch with the number of texts done and of all texts.

    Returns:
        For each text its `n_best` hypotheses, best first; fewer if fewer exist, or if a text was drawn twice.

    Raises:
        UserError: Attention is requested of a model without it, or the prefix is unknown to the model.
    """
    config = config or DecodeConfig()
    vocabulary = model.vocabulary
    sources = [vocabulary.source(text) for text in texts]
    rules = rules_of(vocabulary, config)
    results, done = list[list[Hypothesis]]([[]]) * len(texts), 0
    mode = model.training
    model.eval()
    try:
        for picked in _batches([len(source) for source in sources], batch_tokens // max(config.beam, config.n_best)):
            batch = _decode(model, [sources[i] for i in picked], rules, config)
            for i, hypotheses in zip(picked, batch, strict=True):
                results[i] = [_hypothesis(model, sources[i], one, config) for one in hypotheses]
            done += len(picked)
            if report is not None:
                report(done, len(texts))
    finally:
        model.train(mode)
    return results


@torch.no_grad()
def _decode(model: Seq2Seq, sources: list[list[int]], rules: Rules, config: DecodeConfig) -> list[list[ScoredTokens]]:
    """The hypotheses of one batch."""
    source, length = (tensor.to(model.embed.weight.device) for tensor in pad(sources))
    keys, state = model.begin(model.encode(source, length))
    ratio = model.lengths.ratio if config.max_ratio is None else config.max_ratio
    extra = config.max_extra or model.lengths.extra
    limit = ((ratio * length).long() + extra + len(rules.prefix)).clamp(min=1)
    if config.sampling is None and config.beam == 1:
        return [[hypothesis] for hypothesis in search(model, keys, state, most_probable, rules, limit)]
    if config.sampling is None:
        return beam_search(model, keys, state, rules, limit, config)
    copies = config.n_best
    lanes = torch.arange(len(sources), device=length.device).repeat_interleave(copies)
    seeds = [[config.seed, copy, *tokens] for tokens in sources for copy in range(copies)]
    draw = Draw(config.sampling, seeds, int(limit.max()))
    drawn = search(model, keys.select(lanes), state.select(lanes), draw, rules, limit[lanes])
    return [_ranked(model, drawn[i : i + copies], config) for i in range(0, len(drawn), copies)]


def _ranked(model: Seq2Seq, drawn: list[ScoredTokens], config: DecodeConfig) -> list[ScoredTokens]:
    """The draws for one source, best first, each text once."""
    ranked = sorted(drawn, key=lambda one: -_score(one, config))
    best = {model.vocabulary.decode(one.tokens): one for one in reversed(ranked)}
    return [one for one in ranked if best[model.vocabulary.decode(one.tokens)] is one]


def _score(hypothesis: ScoredTokens, config: DecodeConfig) -> float:
    return config.score(sum(hypothesis.log_probabilities), len(hypothesis.tokens))


def _hypothesis(model: Seq2Seq, source: list[int], scored: ScoredTokens, config: DecodeConfig) -> Hypothesis:
    finished = scored.tokens[-1] == END
    return Hypothesis(
        tokens=tuple(scored.tokens[:-1] if finished else scored.tokens),
        text=model.vocabulary.decode(scored.tokens),
        score=_score(scored, config),
        log_probabilities=tuple(scored.log_probabilities),
        finished=finished,
        attention=attention_matrix(model, source, scored.tokens) if config.attention else None,
    )


def _batches(lengths: list[int], budget: int) -> Iterator[list[int]]:
    """Indices of texts, short ones first: as many as fit with padding into the budget, or one that alone exceeds it."""
    batch = list[int]()
    for i in sorted(range(len(lengths)), key=lengths.__getitem__):
        if batch and (len(batch) + 1) * lengths[i] > budget:
            yield batch
            batch = []
        batch.append(i)
    if batch:
        yield batch
