"""Fan charts: what is drawn is what was forecast, and no global state is touched."""

import numpy as np
import pandas as pd
import pytest

from segue.errors import UserError
from segue.forecasting.plots import plot_forecast
from segue.palette import wrapped


def frames(series=1, integer=False):
    times = np.arange(43) if integer else pd.date_range("2024-01-01", periods=43, freq="D")
    names = [f"s{k:02d}" for k in range(series)]
    past = [pd.DataFrame({"unique_id": name, "ds": times[:40], "y": np.arange(40.0)}) for name in names]
    ahead = [
        pd.DataFrame({"unique_id": name, "ds": times[40:], "Net": [1.0, 2, 3], "Net-lo-80": [0.0, 1, 2],
                      "Net-hi-80": [2.0, 3, 4], "Net-lo-95": -1.0, "Net-hi-95": 9.0, "Net-q-10": 0.0})
        for name in names
    ]  # fmt: skip
    return pd.concat(past), pd.concat(ahead)


def test_median_and_bands_begin_at_the_last_value_and_follow_the_forecast():
    (ax,) = plot_forecast(*frames(integer=True)).axes
    lines = {line.get_label(): line.get_xydata() for line in ax.get_lines()}
    np.testing.assert_array_equal(lines["observed"], np.stack([np.arange(40)] * 2, axis=1))
    np.testing.assert_array_equal(lines["median"], [[39, 39], [40, 1], [41, 2], [42, 3]])
    bands = {band.get_label(): band.get_paths()[0].vertices for band in ax.collections}
    assert list(bands) == ["95 %", "80 %"]  # the wide one lies beneath
    assert {(40.0, 0.0), (41.0, 1.0), (42.0, 4.0)} <= set(map(tuple, bands["80 %"]))


def test_many_series_show_nine_and_say_so():
    figure = plot_forecast(*frames(12))
    assert [ax.get_title(loc="left") for ax in figure.axes] == [f"s{k:02d}" for k in range(9)]
    assert figure.get_suptitle() == "9 of 12 series"


def test_no_window_state_is_left_behind():
    from matplotlib import pyplot

    plot_forecast(*frames())
    assert pyplot.get_fignums() == []


def test_axes_of_the_caller_are_drawn_into():
    from matplotlib.figure import Figure

    figure = Figure()
    ax = figure.add_subplot()
    assert plot_forecast(*frames(3), series=["s01"], ax=ax) is figure
    assert ax.get_title(loc="left") == "s01"
    with pytest.raises(UserError, match="^series 3 names: name one series"):
        plot_forecast(*frames(3), ax=ax)
    with pytest.raises(UserError, match="^series zebra: the forecast holds no such series$"):
        plot_forecast(*frames(3), series=["zebra"])


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (
            "unique_id",
            "id_col unique_id: the {} has no such column, but .*; give a single series a column that repeats",
        ),
        ("ds", "time_col ds: the {} has no such column, but unique_id, "),
        ("y", "target_col y: the {} has no such column, but unique_id, ds$"),
    ],
)
def test_a_column_that_a_frame_lacks_is_reported_in_one_line(column, message):
    """Catches an error of narwhals, which names no argument; the frame of a single series often has no ids."""
    past, ahead = frames()
    with pytest.raises(UserError, match="^" + message.format("history")):
        plot_forecast(past.drop(columns=column), ahead)
    if column in ahead:
        with pytest.raises(UserError, match="^" + message.format("forecast")):
            plot_forecast(past, ahead.drop(columns=column))


def test_titles_are_names_and_no_formulas(tmp_path):
    """Catches ids such as `$a$`, which would be drawn as mathematics, and `$_$`, which would not be drawn at all."""
    past, ahead = (frame.assign(unique_id="$_$") for frame in frames())
    figure = plot_forecast(past, ahead)
    figure.savefig(tmp_path / "figure.png")
    assert figure.axes[0].get_title(loc="left") == "$_$ (Net)"


def test_series_without_any_value_is_drawn_as_an_empty_history(tmp_path):
    past, ahead = frames()
    figure = plot_forecast(past.assign(y=np.nan), ahead)
    assert len(figure.axes[0].get_lines()) == 2
    ahead.loc[:, ahead.columns.str.startswith("Net")] = np.nan
    figure = plot_forecast(past.assign(y=np.nan), ahead)
    figure.savefig(tmp_path / "figure.png")
    assert all(np.isnan(line.get_ydata()).all() for line in figure.axes[0].get_lines())


def test_a_sentence_breaks_neither_between_a_number_and_its_sign_nor_within_a_name():
    """At every width; the words are the same with ordinary spaces."""
    sentence = "SeasonalNaive-12 is 32 % below (36 %), in 4 of 5 windows."
    for width in range(20, 60):
        lines = wrapped(sentence, width).split("\n")
        assert " ".join(lines).replace("\u00a0", " ") == sentence
        assert not any(line.startswith("%") or line.endswith("SeasonalNaive-") for line in lines)
