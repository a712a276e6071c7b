"""A softmax over a sample of a large vocabulary, for training at a tenth of the cost.

The sum over the vocabulary is estimated from words drawn as they occur in the text, each weighted by one over how often
it was to be expected (importance sampling: Bengio and Senecal 2008; Jean et al. 2015). Scores are always those of the
whole softmax.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from segue.device import Device
from segue.language.corpus import Batch, Corpus
from segue.language.model import LanguageModel
from segue.state import State

SAMPLES = 4096


class SampledLoss:
    """The estimated cross-entropy of a batch, as `read`, which may leave something out, reads it."""

    def __init__(self, model: LanguageModel, read: nn.Module, corpus: Corpus, device: Device) -> None:
        self.model, self.read, self.corpus, self.device = model, read, corpus, device
        counts = torch.bincount(corpus.tokens, minlength=model.tokenizer.size)
        self.log_share = (counts.clamp(min=1) / len(corpus.tokens)).log()

    def __call__(self, batch: Batch, state: State | None) -> tuple[Tensor, State]:
        drawn = self.corpus.tokens[torch.randint(len(self.corpus.tokens), (SAMPLES,))]
        words, counts = drawn.unique(return_counts=True)
        head = self.model.head.project
        correction = (counts / SAMPLES).log() - self.log_share[words] + head.bias[words]
        with self.device.autocast():
            hidden, state = self.read(batch, state)
            logits = hidden @ head.weight[words].T
        logits = (logits + correction).masked_fill_(words == batch.targets[..., None], -torch.inf)
        right = (hidden * head.weight[batch.targets]).sum(-1) + head.bias[batch.targets]
        both = torch.cat([right[..., None], logits], dim=-1).flatten(0, 1)  # one kernel for all that follows
        return cross_entropy(both, torch.zeros_like(batch.targets).flatten()), state
