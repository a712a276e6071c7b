"""Training windows: pure functions of seed and number, that show and hide what they should."""

import dataclasses
from math import log

import pytest
import torch

from segue.forecasting.pretraining.grammar.events import resting
from segue.forecasting.pretraining.grammar.seasons import CALENDAR_PERIODS
from segue.forecasting.pretraining.windows import Windows
from tests.forecasting.pretraining.conftest import FEW, TINY, windows

ONE_LENGTH = {"contexts": (24,), "shares": (1.0,), "unrest": (0.5,), "growing": (0.5,), "compounding": (0.5,)}


def test_a_batch_is_a_pure_function_of_seed_and_number():
    forwards = [windows().batch(n) for n in range(6)]
    stream = windows()
    for n in reversed(range(6)):  # another order, another object: the memo of generated series must not matter
        again = stream.batch(n)
        for field in ("patches", "present", "observed", "seasons"):
            assert torch.equal(getattr(again, field), getattr(forwards[n], field))
    assert not torch.equal(
        forwards[0].patches[:5],
        Windows(dataclasses.replace(TINY.data, weights=FEW), patch=24, span=2, seed=1).batch(0).patches[:5],
    )


def test_true_seasons_are_suggested_or_those_of_other_calendars_or_none():
    """Catches suggestions that are ignored, and shares mistaken for each other."""
    weights = {"exact_week": 1.0}  # a day and a week, and sometimes a year of months
    true, wrong, none = (
        windows(weights=weights, suggested=suggested, mistaken=mistaken).batch(3).seasons
        for suggested, mistaken in ((1.0, 0.0), (1.0, 1.0), (0.0, 0.5))
    )
    stream = windows(weights=weights)
    _, periods = stream._block(3 // stream.data.reuse)
    drawn = {tuple(pair) for pair in periods.tolist()}
    assert {tuple(pair) for pair in true.tolist()} <= drawn
    assert (true[:, 0] > 1).all()
    assert set(wrong[:, 0].tolist()) <= set(map(float, CALENDAR_PERIODS))
    assert (wrong[:, 1:] == 0).all()
    assert (none == 0).all()


def patches_read(batch):
    """The number of patches that the histories of a batch with tails and without holes fill."""
    hidden = (batch.present & ~batch.observed).any(-1).sum(1)
    assert (hidden == hidden[0]).all(), "the tails of a batch are of one length"
    return batch.present.shape[1] - int(hidden[0])


def test_the_longest_context_need_not_be_whole_patches():
    """Series were as long as the context and the tail, and some windows of whole patches were longer."""
    stream = windows(**ONE_LENGTH | {"contexts": (119,)}, weights={"constant": 1.0})
    longest = max(stream.batch(number).patches.flatten(1).shape[1] for number in range(40))
    assert longest == stream.length == 24 * 7  # 119 values fill five patches, and a tail two


def test_a_window_shows_a_history_of_the_asked_length_and_hides_whole_patches():
    for number in range(8):
        batch = windows(tail=1.0, holes=0.0, missing=0.0).batch(number)
        shown = batch.observed.flatten(1).sum(1)
        assert (shown >= 6).all()
        assert (shown <= 96).all()
        assert (-(-shown // 24) == patches_read(batch)).all(), "every patch is begun: there is no padding"
        hidden = (batch.present & ~batch.observed).any(-1)
        assert hidden[:, -1].all(), "with a tail in every window, the last patch is always hidden"
        assert not (hidden & batch.observed.any(-1)).any(), "a patch is hidden whole or not at all"
        assert (batch.observed <= batch.present).all()


def test_a_window_without_a_tail_shows_no_more_than_the_longest_context():
    shown = [windows(tail=0.0, holes=0.0, missing=0.0).batch(n).observed.flatten(1).sum(1).max() for n in range(24)]
    assert max(shown) == 96


def test_lengths_come_in_the_shares_asked_for():
    stream = windows(shares=(0.25, 0.75), reuse=400, tail=1.0, holes=0.0, missing=0.0)
    read = [patches_read(stream.batch(number)) for number in range(400)]
    short = sum(count <= 2 for count in read)
    assert abs(short - 100) < 5 * (400 * 0.25 * 0.75) ** 0.5  # five standard deviations
    # from 48 to 96 values, log-uniform: 3 patches for 49 to 72, 4 for 73 to 96, each weighted by its patches
    share = 3 * log(73 / 49) / (3 * log(73 / 49) + 4 * log(97 / 73) + 2 * log(49 / 48))
    three = sum(count == 3 for count in read)
    assert abs(three - share * 300) < 5 * (300 * share * (1 - share)) ** 0.5


@pytest.mark.parametrize("change", ["unrest", "growing", "compounding"])
def test_a_change_moves_the_share_of_windows_asked_for_and_no_other(change):
    other = {"unrest", "growing", "compounding"} - {change}
    none, all_moved, half = (
        windows(**{change: (share, share)}, **dict.fromkeys(other, (0.0, 0.0))).batch(3) for share in (0.0, 1.0, 0.5)
    )
    moved = (half.patches != none.patches).flatten(1).any(1)
    assert 0 < moved.sum() < len(moved)
    torch.testing.assert_close(half.patches[moved], all_moved.patches[moved])


def test_demand_that_comes_by_chance_gets_no_trend_and_no_walk():
    sparse = {"weights": {"demand": 0.5, "random_walk": 0.5}, "flips": 0.0}
    still, moved = (
        windows(unrest=(s, s), growing=(s, s), compounding=(s, s), **sparse).batch(3).patches.flatten(1)
        for s in (0.0, 1.0)
    )
    rests = resting(still)[:, 0]
    assert 0 < rests.sum() < len(rests)
    assert torch.equal(still[rests], moved[rests])
    assert (still[~rests] != moved[~rests]).any(1).all()


def test_flips_turn_the_share_of_windows_asked_for_upside_down():
    still = dict.fromkeys(("unrest", "growing", "compounding"), (0.0, 0.0))
    plain, flipped = (windows(flips=share, **still).batch(3) for share in (0.0, 1.0))
    torch.testing.assert_close(flipped.patches, -plain.patches)


def test_without_tails_and_holes_all_that_is_present_is_observed():
    long = {
        "contexts": (96,),
        "shares": (1.0,),
        "unrest": (0.5,),
        "growing": (0.5,),
        "compounding": (0.5,),
        "shortest": 60,
        "tail": 0.0,
        "holes": 0.0,
    }
    batch = windows(**long, missing=0.0).batch(0)
    assert torch.equal(batch.observed, batch.present)
    sparse = windows(**long, missing=1.0).batch(0)
    assert sparse.present.sum() < batch.present.sum()


def test_a_history_of_one_patch_always_has_a_tail_to_learn_from():
    batch = windows(tail=0.0, holes=0.0, missing=0.0, **ONE_LENGTH).batch(0)
    assert (batch.present & ~batch.observed).flatten(1).any(1).all()
