"""The threshold of a policy against binomial probabilities, and its ranges."""

from math import comb

import pytest

from segue.errors import UserError
from segue.live.policy import Policy


def test_one_of_one_takes_the_budget_as_the_threshold():
    """Catches a budget in other units."""
    assert Policy(budget=1.0).threshold == pytest.approx(1e-3, rel=1e-12)
    assert Policy(budget=20.0).threshold == pytest.approx(0.02, rel=1e-12)


def test_m_of_n_spends_the_budget_by_the_binomial():
    """By hand: 2 of 2 have probability a^2, 2 of 3 have a (1 - (1 - a)^2); then the general sum."""
    assert Policy(budget=1.0, m=2, n=2).threshold == pytest.approx(1e-3**0.5, rel=1e-9)
    a = Policy(budget=1.0, m=2, n=3).threshold
    assert a * (1 - (1 - a) ** 2) == pytest.approx(1e-3, rel=1e-9)
    a = Policy(budget=4.0, m=3, n=10, cool_down=10).threshold
    tail = sum(comb(9, k) * a**k * (1 - a) ** (9 - k) for k in range(2, 10))
    assert a * tail == pytest.approx(4e-3, rel=1e-9)


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ({"budget": 0}, "budget 0: give false alarms in 1,000 values"),
        ({"budget": float("nan")}, "budget nan: give false alarms"),
        ({"m": 0}, "m 0: give at least 1"),
        ({"m": 3, "n": 2}, "n 2: give at least 3"),
        ({"n": 65, "cool_down": 65}, "n 65: give at most 64"),
        ({"n": 30, "cool_down": 24}, "cool_down 24: give at least 30"),
        ({"least": -1.0}, "least -1.0: give at least 0"),
        ({"shift": 1}, "shift 1: give at least 2"),
        ({"warm_up": -1}, "warm_up -1: give at least 0"),
    ],
)
def test_a_number_outside_of_its_range_is_refused_in_one_line(arguments, line):
    """Catches a bound that is not checked, such as a NaN that passes every comparison."""
    with pytest.raises(UserError) as caught:
        Policy(**arguments)
    assert str(caught.value).startswith(line)
