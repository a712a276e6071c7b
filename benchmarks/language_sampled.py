"""A softmax over a sample of a large vocabulary, for training at a tenth of the cost.

The sum over the vocabulary is estimated from words drawn as they occur in the text, each weighted by one over how often
it was to be expected (importance sampling: Bengio and Senecal 2008; Jean et al. 2015). Scores are always those of the
whole softmax.
"""

import torch
from torch import Tensor

from segue.language.corpus import Batch, Corpus
from segue.language.model import LanguageModel
from segue.state import State

SAMPLES = 4096


class SampledLoss:
    """The estimated cross-entropy of a batch."""

    def __init__(self, model: LanguageModel, corpus: Corpus) -> None:
        self.model, self.corpus = model, corpus
        counts = torch.bincount(corpus.tokens, minlength=model.tokenizer.size)
        self.log_share = (counts.clamp(min=1) / len(corpus.tokens)).log()

    def __call__(self, batch: Batch, state: State | None) -> tuple[Tensor, State]:
        hidden, state = self.model.read(batch.inputs, state, batch.reset)
        drawn = self.corpus.tokens[torch.randint(len(self.corpus.tokens), (SAMPLES,))]
        words, places = torch.cat([batch.targets.flatten(), drawn]).unique(return_inverse=True)
        place = places[: batch.targets.numel()].view_as(batch.targets)[..., None]
        counts = torch.bincount(places[batch.targets.numel() :], minlength=len(words))
        head = self.model.head.project
        logits = hidden @ head.weight[words].T + head.bias[words]
        weights = (counts / SAMPLES).log() - self.log_share[words]  # of words that were not drawn: none
        others = (logits + weights).scatter(-1, place, -torch.inf).logsumexp(-1)
        right = logits.gather(-1, place)[..., 0]
        return (torch.logaddexp(others, right) - right).mean(), state
