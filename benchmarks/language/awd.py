"""What keeps a large word model from learning its text by heart, as AWD-LSTM has it (Merity et al., arXiv:1708.02182).

Dropout of embeddings and hidden vectors is that of the model, but with one choice of what is left out for all tokens of
a lane's window (Gal and Ghahramani 2016); as much is left out between the layers as `BETWEEN` says; and of the
recurrent weights a share of `WEIGHTS`, anew for every window.
"""

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.functional import dropout

from segue.backbones.recurrent import LSTM
from segue.language.corpus import Batch
from segue.language.model import LanguageModel
from segue.state import State

BETWEEN = 0.3
WEIGHTS = 0.5


class LockedDropout(nn.Module):
    """Leaves out the same values of every token."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share

    def forward(self, x: Tensor) -> Tensor:
        return x * dropout(torch.ones_like(x[:, :1]), self.share) if self.training else x


class Reader(nn.Module):
    """The model without its head, as `functional_call` wants it: a module whose `forward` that is."""

    def __init__(self, model: LanguageModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, batch: Batch, state: State | None) -> tuple[Tensor, State]:
        return self.model.read(batch.inputs, state, batch.reset)


class DroppedReader(nn.Module):
    """Reads with some of the recurrent weights left out. It changes how `model` drops values, too."""

    def __init__(self, model: LanguageModel) -> None:
        super().__init__()
        assert isinstance(model.backbone, LSTM)
        self.reader = Reader(model)
        model.dropout = LockedDropout(model.config.dropout)
        model.backbone.kernel.dropout = BETWEEN

    def forward(self, batch: Batch, state: State | None) -> tuple[Tensor, State]:
        weights = {name: w for name, w in self.reader.named_parameters() if ".weight_hh_" in name}
        dropped = {name: dropout(weight, WEIGHTS) for name, weight in weights.items()}
        return functional_call(self.reader, dropped, (batch, state))
