"""Beam search: the best few hypotheses of each sentence, all a token longer at each step (Graves 2012)."""

from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from segue.state import State
from segue.translate.data.vocabulary import BEGIN, END, Vocabulary
from segue.translate.decode.config import DecodeConfig
from segue.translate.decode.rules import Rules
from segue.translate.decode.search import Found
from segue.translate.model.seq2seq import Seq2Seq


class Finished:
    """The hypotheses of one sentence that have come to an end, the best of each text."""

    def __init__(self, vocabulary: Vocabulary, config: DecodeConfig) -> None:
        self.vocabulary, self.config = vocabulary, config
        self.best: dict[str, Found] = {}

    def score(self, found: Found) -> float:
        """What hypotheses are compared by."""
        return self.config.score(sum(found.log_probabilities), len(found.tokens))

    def add(self, found: Found) -> None:
        """Keeps it, unless there is a better one of the same text (in other pieces)."""
        text = self.vocabulary.decode(found.tokens)
        if text not in self.best or self.score(self.best[text]) < self.score(found):
            self.best[text] = found

    def add_unfinished(self, found: Found) -> None:
        """Keeps it, behind all others, if places are left and its text is new."""
        if len(self.best) < self.config.n_best:
            self.best.setdefault(self.vocabulary.decode(found.tokens), found)

    def ranked(self) -> list[Found]:
        """The best of them, finished ones first."""
        order = sorted(self.best.values(), key=lambda found: (found.tokens[-1] != END, -self.score(found)))
        return order[: self.config.n_best]

    @property
    def enough(self) -> bool:
        """Whether as many have ended as run side by side: how many are told does not change which is best."""
        return len(self.best) >= self.config.beam


class Beams(NamedTuple):
    """The running hypotheses: those of a sentence side by side, best first."""

    said: Int[Tensor, "lanes tokens"]
    """Their tokens, BEGIN first; (sentences * beam) lanes."""
    told: Float[Tensor, "lanes tokens"]
    """Their log-probabilities, zero for BEGIN."""
    total: Float[Tensor, "sentences beam"]
    """The sums of these; minus infinity for one that breaks the rules and only fills its place."""

    @classmethod
    def begin(cls, sentences: int, beam: int, device: torch.device) -> "Beams":
        """One hypothesis a sentence: the others would be its copies."""
        said = torch.full((sentences * beam, 1), BEGIN, device=device)
        total = torch.full((sentences, beam), -torch.inf, dtype=torch.float64, device=device)
        total[:, 0] = 0.0
        return cls(said, torch.zeros(said.shape, dtype=torch.float64, device=device), total)

    def extend(
        self, scores: Float[Tensor, "lanes vocabulary"]
    ) -> "tuple[list[tuple[int, Found]], Beams, Int[Tensor, 'lanes']]":
        """One token more.

        Among the best 2 * beam extensions of a sentence at least half go on, as each hypothesis has one END.

        Args:
            scores: The log-probability of each token in each lane, minus infinity for what is forbidden.

        Returns:
            What has ended, by the place of its sentence; the best that go on; and which lane each of these extends.
        """
        sentences, beam = self.total.shape
        scores, tokens = scores.topk(min(2 * beam, scores.shape[1]))  # no other can be among a sentence's best
        scores, size = scores.double(), scores.shape[1]
        total, picked = (self.total[..., None] + scores.view(sentences, beam, size)).flatten(1).topk(2 * beam)
        parent = picked // size + beam * torch.arange(sentences, device=picked.device)[:, None]
        token = tokens[parent, picked % size]
        said = torch.cat([self.said[parent], token[..., None]], dim=-1)  # (sentences, 2 * beam, tokens)
        told = torch.cat([self.told[parent], scores[parent, picked % size, None]], dim=-1)

        ends = token == END
        places = (ends & total.isfinite())[:, :beam].nonzero()
        ended = [(s, Found(said[s, i, 1:].tolist(), told[s, i, 1:].tolist())) for s, i in places.tolist()]
        on = ends.long().argsort(dim=1, stable=True)[:, :beam]
        each = torch.arange(sentences, device=on.device)[:, None]
        going = Beams(said[each, on].flatten(0, 1), told[each, on].flatten(0, 1), total[each, on])
        return ended, going, parent[each, on].flatten()

    def of(self, sentence: int) -> list[Found]:
        """The hypotheses of the sentence at this place that break no rule, best first."""
        beam = self.total.shape[1]
        lanes = range(sentence * beam, sentence * beam + int(self.total[sentence].isfinite().sum()))
        return [Found(self.said[lane, 1:].tolist(), self.told[lane, 1:].tolist()) for lane in lanes]

    def select(self, sentences: Int[Tensor, "picked"]) -> "tuple[Beams, Int[Tensor, 'lanes']]":
        """The sentences at these places, and which lanes are theirs."""
        beam = self.total.shape[1]
        lanes = (sentences[:, None] * beam + torch.arange(beam, device=sentences.device)).flatten()
        return Beams(self.said[lanes], self.told[lanes], self.total[sentences]), lanes


def beam_search(
    model: Seq2Seq, source: State, state: State, rules: Rules, limit: Int[Tensor, "sentences"], config: DecodeConfig
) -> list[list[Found]]:
    """Follows `config.beam` hypotheses a sentence.

    A sentence leaves the batch once as many hypotheses as the beam is wide have ended, or at its limit, where the best
    running ones take the places that are left.

    Args:
        model: The model, in evaluation mode.
        source: With `state`, what `Seq2Seq.begin` gave, one lane a sentence.
        state: See `source`.
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
        scores, state = model.step(beams.said[:, -1], state, source)
        ended, beams, parents = beams.extend(rules.apply(scores, beams.said[:, 1:]))
        for sentence, found in ended:
            finished[int(running[sentence])].add(found)
        length = beams.said.shape[1] - 1
        going = []
        for place, (sentence, most) in enumerate(zip(running.tolist(), limit[running].tolist(), strict=True)):
            if length >= most:
                for found in beams.of(place):
                    finished[sentence].add_unfinished(found)
            elif not finished[sentence].enough:
                going.append(place)
        if len(going) < len(running):
            kept = torch.tensor(going, dtype=torch.int64, device=limit.device)
            running, (beams, lanes) = running[kept], beams.select(kept)
            parents, source = parents[lanes], source.select(lanes)
        state = state.select(parents)
    return [of_sentence.ranked() for of_sentence in finished]
