"""The laws can fail: each is broken by a model that keeps all other laws it can."""

import pytest
import torch
from torch import nn

from segue.backbones.conformance import run_all, yield_checks
from segue.backbones.laws import LawBroken, check_reset
from segue.backbones.nested import Nested
from segue.backbones.recurrent import RNN
from segue.state import State


class LooksAhead(RNN):
    """Each vector sees the mean of its window."""

    def forward(self, x, state=None, reset=None):
        return super().forward(x + x.mean(dim=1, keepdim=True), state, reset)


class PeeksOneStep(RNN):
    """Each vector sees the next one, within its own sequence only: no chunk and no reset, but time's arrow."""

    def forward(self, x, state=None, reset=None):
        h, state = super().forward(x, state, reset)
        return h + torch.cat([x[:, 1:], torch.zeros_like(x[:, :1])], dim=1), state


class Forgets(RNN):
    """Ignores the state handed in."""

    def forward(self, x, state=None, reset=None):
        return super().forward(x, None, reset)


class HandsOutYesterdaysState(RNN):
    """The outputs are right, the state returned is the one received."""

    def forward(self, x, state=None, reset=None):
        state = self.initial_state(len(x)) if state is None else state
        return super().forward(x, state, reset)[0], state


class MixesLanes(RNN):
    """Normalises over the batch."""

    def forward(self, x, state=None, reset=None):
        h, state = super().forward(x, state, reset)
        return h - h.mean(dim=0), state


class KnowsItsIndex(RNN):
    """A lane's output depends on its index in the batch."""

    def forward(self, x, state=None, reset=None):
        h, state = super().forward(x, state, reset)
        return h + torch.arange(len(x), dtype=x.dtype)[:, None, None], state


class DeafToReset(RNN):
    def forward(self, x, state=None, reset=None):
        return super().forward(x, state, None)


class ResetsWindowsAtTheirBeginning(RNN):
    """A reset anywhere in the window is taken for one at its first step."""

    def forward(self, x, state=None, reset=None):
        return super().forward(x, state, reset.any(dim=1) if reset is not None and reset.dim() == 2 else reset)


class ResetsAllLanes(RNN):
    """One lane's reset is every lane's."""

    def forward(self, x, state=None, reset=None):
        return super().forward(x, state, None if reset is None else reset.any(dim=0).expand_as(reset))


class WritesIntoItsState(RNN):
    """Gives the right outputs, and overwrites the caller's state."""

    def forward(self, x, state=None, reset=None):
        h, after = super().forward(x, state, reset)
        if state is not None:
            state["hidden"].data.copy_(after["hidden"])
        return h, after


class BeginsWithOnes(RNN):
    def initial_state(self, lanes, **options):
        return State({"hidden": torch.ones_like(super().initial_state(lanes, **options)["hidden"])})


class GrowsItsState(RNN):
    """Keeps all it has read beside what it needs, so states of lanes of different age cannot be joined."""

    def forward(self, x, state=None, reset=None):
        state = self.initial_state(len(x)) if state is None else state
        h, after = super().forward(x, State({"hidden": state["hidden"]}), reset)
        return h, State({"read": torch.cat([state["read"], x], dim=1), **after})

    def initial_state(self, lanes, **options):
        return State({"read": torch.zeros(lanes, 0, self.width).double(), **super().initial_state(lanes, **options)})


class RemembersOnTheModule(RNN):
    """Carries memory on itself, beside the state."""

    seen = 0.0

    def forward(self, x, state=None, reset=None):
        self.seen = self.seen + float(x.detach().abs().sum())
        h, state = super().forward(x, state, reset)
        return h + self.seen, state


class Annotated(State):
    """A state with an attribute of its own."""

    total = 0.0


class KeepsMemoryBesideTheState(RNN):
    """Half the memory is an attribute of the state object; picking lanes or saving the tensors loses it."""

    def forward(self, x, state=None, reset=None):
        total = getattr(state, "total", 0.0)
        h, after = super().forward(x, state, reset)
        after = Annotated(after)
        after.total = total + x.sum(dim=1, keepdim=True)
        return h + total, after


class DetachesItsState(RNN):
    """Cuts the gradient at every call, where the training loop should decide."""

    def forward(self, x, state=None, reset=None):
        return super().forward(x, None if state is None else state.detach(), reset)


class AnswersNothing(RNN):
    def forward(self, x, state=None, reset=None):
        h, state = super().forward(x, state, reset)
        return h * float("nan"), state


class PutsLanesSecond(RNN):
    """Hands out the kernel's own layout, layers first."""

    def initial_state(self, lanes, **options):
        return State({"hidden": super().initial_state(lanes, **options)["hidden"].transpose(0, 1)})


class ReadsAhead(RNN):
    """Every vector sees all later ones of its window, as it declares."""

    causal = False

    def forward(self, x, state=None, reset=None):
        h, state = super().forward(x, state, reset)
        return h + x.flip(1).cumsum(dim=1).flip(1), state


class ReadsAheadAndForgets(ReadsAhead):
    """Declared not to be causal, and deaf to resets as well."""

    def forward(self, x, state=None, reset=None):
        return super().forward(x, state, None)


CULPRITS = [
    (LooksAhead, "causality", "past under another future from step 1: largest difference"),
    (PeeksOneStep, "causality", "past under another future from step 1: largest difference"),
    (Forgets, "chunking", r"cut at \[8\]: largest difference"),
    (HandsOutYesterdaysState, "chunking", r"cut at \[8\]: largest difference"),
    (MixesLanes, "lanes", "lane 0 alone"),
    (KnowsItsIndex, "lanes", "lanes in the opposite order"),
    (DeafToReset, "lanes", "lane 0 with 0 steps of padding"),
    (DeafToReset, "reset", "lane 0 reset at step 0"),
    (ResetsWindowsAtTheirBeginning, "reset", "lane 0 reset at step 1"),
    (ResetsAllLanes, "reset", "lane 0 reset at step 0"),
    (WritesIntoItsState, "state", "a call writes into hidden, which the caller holds"),
    (BeginsWithOnes, "state", "hidden of a fresh lane is not zeros"),
    (PutsLanesSecond, "state", r"hidden \(1, 3, 4\) does not have the lanes as its first axis"),
    (GrowsItsState, "state", "read changes its shape"),
    (RemembersOnTheModule, "determinism", "fresh lanes, asked again"),
    (KeepsMemoryBesideTheState, "selection", "lanes .* picked out"),
    (KeepsMemoryBesideTheState, "saving", "after loading"),
    (DetachesItsState, "gradient", r"cut at \[1, 8\]"),
    (AnswersNothing, "determinism", "fresh lanes, asked again: largest difference nan"),
    (ReadsAheadAndForgets, "reset", "lane 0 reset at step 0"),
]


def run_only(law, model):
    for name, check in yield_checks(model):
        if name.startswith(law):
            check()


@pytest.mark.parametrize(("culprit", "law", "detail"), CULPRITS, ids=lambda value: getattr(value, "__name__", ""))
def test_a_broken_model_breaks_its_law(culprit, law, detail):
    """Catches a law that always passes, and one that fails for another reason than it reports."""
    torch.manual_seed(0)
    with pytest.raises(LawBroken, match=f"^{law}: {detail}") as caught:
        run_only(law, culprit(4))
    assert caught.value.law == law


def test_a_lane_without_resets_goes_on_beside_one_that_resets():
    """The part of the reset law about lanes that are not reset; catches a law that checks the others only."""
    x = torch.randn(2, 4, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    reset = torch.tensor([[False] * 4, [False, False, True, False]])
    check_reset(RNN(4).double(), x, reset)
    with pytest.raises(LawBroken, match=r"^reset: lane 0 before any reset"):
        check_reset(ResetsAllLanes(4).double(), x, reset)


def test_a_model_that_declares_to_read_ahead_is_held_to_the_other_laws_only():
    """The same model without its declaration breaks causality, so the exemption is what lets it pass."""
    run_all(ReadsAhead(4))
    run_all(Nested(4, ReadsAhead(4)))  # which inherits the declaration
    undeclared = ReadsAhead(4)
    undeclared.causal = True
    with pytest.raises(LawBroken, match="causality"):
        run_all(undeclared)


def test_all_laws_have_a_case():
    """Catches a law that was written and never run."""
    names = {name.split(",")[0] for name, _ in yield_checks(RNN(4))}
    assert names == {law for _, law, _ in CULPRITS}


class Reader(nn.Module):
    """An assembled model: tokens in, logits out, and no width."""

    def __init__(self):
        super().__init__()
        self.embedding, self.backbone, self.head = nn.Embedding(7, 4), RNN(4), nn.Linear(4, 7)
        self.initial_state = self.backbone.initial_state

    def forward(self, tokens, state=None, reset=None):
        h, state = self.backbone(self.embedding(tokens), state, reset)
        return self.head(h), state


def test_assembled_models_bring_their_own_sequences():
    """Catches laws that only work on vectors: whole numbers have no noise to add and no gradient."""
    tokens = torch.randint(7, (4, 9), generator=torch.Generator().manual_seed(0))
    run_all(Reader(), tokens)
    with pytest.raises(TypeError, match=r"yield_checks\(model, x\)"):
        run_all(Reader())


def test_the_callers_model_is_left_as_it_is():
    """Catches a suite that leaves a model in double precision, in evaluation mode or with gradients."""
    model = RNN(4).train()
    run_all(model)
    assert model.training
    assert all(parameter.dtype == torch.float32 and parameter.grad is None for parameter in model.parameters())
