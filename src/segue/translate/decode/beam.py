"""Beam search: keeps the best few hypotheses of each sentence, all of one length (Graves 2012)."""

from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from segue.state import State
from segue.translate.data.vocabulary import BEGIN, END, Vocabulary
from segue.translate.decode.config import DecodeConfig
from segue.translate.decode.rules import Rules
from segue.translate.decode.search import ScoredTokens
from segue.translate.model.seq2seq import Seq2Seq


class Finished:
    """The hypotheses of one sentence that have ended, the best of each text."""

    def __init__(self, vocabulary: Vocabulary, config: DecodeConfig) -> None:
        self.vocabulary, self.config = vocabulary, config
        self.best: dict[str, ScoredTokens] = {}

    def score(self, hypothesis: ScoredTokens) -> float:
        """The score that ranks hypotheses."""
        return self.config.score(sum(hypothesis.log_probabilities), len(hypothesis.tokens))

    def add(self, hypothesis: ScoredTokens) -> None:
        """Keeps a hypothesis, unless a better one has the same text (in other pieces)."""
        text = self.vocabulary.decode(hypothesis.tokens)
        if text not in self.best or self.score(self.best[text]) < self.score(hypothesis):
            self.best[text] = hypothesis

    def add_unfinished(self, hypothesis: ScoredTokens) -> None:
        """Keeps a hypothesis without END, ranked last, if fewer than `n_best` are kept and its text is new."""
        if len(self.best) < self.config.n_best:
            self.best.setdefault(self.vocabulary.decode(hypothesis.tokens), hypothesis)

    def ranked(self) -> list[ScoredTokens]:
        """The best `n_best` of them, ended ones first."""
        order = sorted(self.best.values(), key=lambda one: (one.tokens[-1] != END, -self.score(one)))
        return order[: self.config.n_best]

    @property
    def enough(self) -> bool:
        """Whether as many have ended as the beam is wide; so the best one does not depend on `n_best`."""
        return len(self.best) >= self.config.beam


class Beams(NamedTuple):
    """The running hypotheses: those of a sentence side by side, best first."""

    tokens: Int[Tensor, "lanes tokens"]
    """Their tokens, BEGIN first; (sentences * beam) lanes."""
    scores: Float[Tensor, "lanes tokens"]
    """The log-probability of each token, zero for BEGIN."""
    total: Float[Tensor, "sentences beam"]
    """Their sums; minus infinity for a hypothesis that breaks the rules and only fills the beam."""

    @classmethod
    def begin(cls, sentences: int, beam: int, device: torch.device) -> "Beams":
        """One hypothesis for each sentence: the others would be its copies."""
        tokens = torch.full((sentences * beam, 1), BEGIN, device=device)
        total = torch.full((sentences, beam), -torch.inf, dtype=torch.float64, device=device)
        total[:, 0] = 0.0
        return cls(tokens, torch.zeros(tokens.shape, dtype=torch.float64, device=device), total)

    def extend(
        self, scores: Float[Tensor, "lanes vocabulary"]
    ) -> "tuple[list[tuple[int, ScoredTokens]], Beams, Int[Tensor, 'lanes']]":
        """Extends the hypotheses by one token.

        Of the best 2 * beam extensions of a sentence at least half continue, since each hypothesis has one END.

        Args:
            scores: The log-probability of each token in each lane, minus infinity for forbidden tokens.

        Returns:
            The hypotheses that have ended, each with the index of its sentence; the best that continue; and the lane
            that each of these extends.
        """
        sentences, beam = self.total.shape
        scores, token = scores.topk(min(2 * beam, scores.shape[1]))  # no other can be among a sentence's best
        scores, size = scores.double(), scores.shape[1]
        total, picked = (self.total[..., None] + scores.view(sentences, beam, size)).flatten(1).topk(2 * beam)
        parent = picked // size + beam * torch.arange(sentences, device=picked.device)[:, None]
        new = token[parent, picked % size]
        tokens = torch.cat([self.tokens[parent], new[..., None]], dim=-1)  # (sentences, 2 * beam, tokens)
        scores = torch.cat([self.scores[parent], scores[parent, picked % size, None]], dim=-1)

        ends = new == END
        indices = (ends & total.isfinite())[:, :beam].nonzero().tolist()
        ended = [(s, ScoredTokens(tokens[s, i, 1:].tolist(), scores[s, i, 1:].tolist())) for s, i in indices]
        on = ends.long().argsort(dim=1, stable=True)[:, :beam]
        each = torch.arange(sentences, device=on.device)[:, None]
        going = Beams(tokens[each, on].flatten(0, 1), scores[each, on].flatten(0, 1), total[each, on])
        return ended, going, parent[each, on].flatten()

    def of(self, sentence: int) -> list[ScoredTokens]:
        """The hypotheses of one sentence that break no rule, best first."""
        beam = self.total.shape[1]
        lanes = range(sentence * beam, sentence * beam + int(self.total[sentence].isfinite().sum()))
        return [ScoredTokens(self.tokens[lane, 1:].tolist(), self.scores[lane, 1:].tolist()) for lane in lanes]

    def select(self, sentences: Int[Tensor, "picked"]) -> "tuple[Beams, Int[Tensor, 'lanes']]":
        """The beams of the sentences at these indices, and the indices of their lanes."""
        beam = self.total.shape[1]
        lanes = (sentences[:, None] * beam + torch.arange(beam, device=sentences.device)).flatten()
        return Beams(self.tokens[lanes], self.scores[lanes], self.total[sentences]), lanes


def beam_search(
    model: Seq2Seq, source: State, state: State, rules: Rules, limit: Int[Tensor, "sentences"], config: DecodeConfig
) -> list[list[ScoredTokens]]:
    """Follows `config.beam` hypotheses a sentence.

    A sentence leaves the batch once as many hypotheses have ended as the beam is wide. At its limit it leaves too, and
    its best running hypotheses fill up the `n_best`.

    Args:
        model: The model, in evaluation mode.
        source: The source, from `Seq2Seq.begin`, one lane a sentence.
        state: The decoder's state, likewise.
        rules: Which tokens may follow.
        limit: The most tokens of each sentence, END included, at least one.
        config: Beam, number of results and length penalty.

    Returns:
        The hypotheses of each sentence, best first.
    """
    finished = [Finished(model.vocabulary, config) for _ in limit]
    running = torch.arange(len(limit), device=limit.device)
    lanes = running.repeat_interleave(config.beam)
    beams = Beams.begin(len(limit), config.beam, limit.device)
    source, state = source.select(lanes), state.select(lanes)
    while len(running):
        scores, state = model.step(beams.tokens[:, -1], state, source)
        ended, beams, parents = beams.extend(rules.apply(scores, beams.tokens[:, 1:]))
        for index, hypothesis in ended:
            finished[int(running[index])].add(hypothesis)
        length = beams.tokens.shape[1] - 1
        going = []
        for index, (sentence, most) in enumerate(zip(running.tolist(), limit[running].tolist(), strict=True)):
            if length >= most:
                for hypothesis in beams.of(index):
                    finished[sentence].add_unfinished(hypothesis)
            elif not finished[sentence].enough:
                going.append(index)
        if len(going) < len(running):
            kept = torch.tensor(going, dtype=torch.int64, device=limit.device)
            running, (beams, lanes) = running[kept], beams.select(kept)
            parents, source = parents[lanes], source.select(lanes)
        state = state.select(parents)
    return [of_sentence.ranked() for of_sentence in finished]
