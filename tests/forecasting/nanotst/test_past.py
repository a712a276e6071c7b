"""What looks back: the newest value at each step, laid out once."""

import torch

from segue.forecasting.nanotst.past import at, newest_index, past_of, shifted
from tests.forecasting.nanotst.conftest import ragged


def test_the_newest_value_is_that_of_a_running_maximum():
    """The maximum goes by doubled reaches within patches, and over patches: every size of both must be right."""
    for size in (1, 2, 3, 7, 8, 12, 24):
        observed = torch.rand(5, 6, size, generator=torch.Generator().manual_seed(size)) < 0.2
        index = torch.where(observed.flatten(1), torch.arange(6 * size), -1)
        assert torch.equal(newest_index(observed), index.cummax(1).values)


def test_values_are_held_from_the_first_on_and_counted_from_it():
    patches, observed = ragged()
    past = past_of(patches, observed)
    for lane in range(2):
        values, seen = patches[lane].flatten(), observed[lane].flatten()
        begin = int(seen.nonzero()[0])
        assert (past.begin[lane], past.first[lane]) == (begin, values[begin])
        assert torch.equal(past.known[lane][seen], values[seen] - values[begin])
        assert past.known[lane][~seen].isnan().all()
        newest = 0.0
        for step in range(len(values)):
            newest = past.known[lane, step] if seen[step] else newest
            assert past.held[lane, step] == newest
        count = seen.unflatten(0, (-1, past.patch)).sum(1).cumsum(0)
        assert torch.equal(past.count[lane], count.double())
        assert torch.equal(past.age[lane], past.newest_of_patch[lane] - begin + 1 if begin < past.patch
                           else (past.newest_of_patch[lane] - begin + 1).clamp(min=0))  # fmt: skip


def test_a_lane_without_values_has_a_past_of_nothing():
    past = past_of(torch.full((1, 2, 3), 7.0), torch.zeros(1, 2, 3, dtype=torch.bool))
    assert (past.first.item(), past.begin.item(), past.newest.unique().item()) == (0, 6, -1)
    assert (past.age.tolist(), past.count.tolist(), past.last.tolist()) == ([[0, 0]], [[0, 0]], [[0, 0]])


def test_steps_are_moved_and_picked():
    steps = torch.arange(6.0).view(2, 3)
    assert shifted(steps, 2, -1).tolist() == [[-1, -1, 0], [-1, -1, 3]]
    assert at(steps, torch.tensor([[[2], [0]], [[1], [1]]])).tolist() == [[[2], [0]], [[4], [4]]]
