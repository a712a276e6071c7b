"""What the page shows of a table: how it was read, and the forecast of one series with its verdict and its reason."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from segue.errors import UserError
from segue.forecasting.answers.covariates import Given
from segue.forecasting.answers.explanation import explain_reading
from segue.forecasting.answers.informed import informed
from segue.forecasting.evaluation.backtest import backtest_reading
from segue.forecasting.evaluation.naives import NAIVES
from segue.forecasting.forecast import forecast_reading
from segue.forecasting.plots import history_steps
from segue.forecasting.predictor import Predictor
from segue.forecasting.registry import naive_season
from segue.forecasting.table.files.read import read_table
from segue.forecasting.table.grid.frequency import Times
from segue.forecasting.table.layout import Layout
from segue.forecasting.table.reading import Reading, read_frame
from segue.serve.numbers import listed
from segue.serve.passing import Passing
from segue.serve.refused import Refused

_MOST_NAMES = 1_000
"""The most series that the page lists; it takes the name of any other one."""

_MOST_PAST = 1_500
"""The most steps of the past in a chart: one for each pixel of a wide one."""

_WIDER = 3
"""Steps of the past for each that `segue.plot_forecast` draws: the page has one chart in the place of nine."""

_WINDOWS = 5
"""The windows of the verdict, as in `segue.backtest`."""


@dataclass(frozen=True, eq=False)
class Table:
    """A table that a user dropped.

    Attributes:
        reading: Its series.
        frame: All of its columns.
        layout: How it was read.
        notes: What the user should know of the reading.
    """

    reading: Reading
    frame: Any
    layout: Layout
    notes: tuple[str, ...]

    @property
    def names(self) -> list[str]:
        """The names of its series."""
        return [str(name) for name in self.reading.panel.ids.to_list()]

    @property
    def others(self) -> list[str]:
        """The columns without a role."""
        columns = self.reading.columns
        return [
            name
            for name in map(str, self.frame.columns)
            if name not in (*columns.ids, *columns.times, *columns.targets)
        ]

    def summary(self) -> dict[str, Any]:
        """How the table was read, as JSON."""
        panel, columns = self.reading.panel, self.reading.columns
        return {
            "series": self.names[:_MOST_NAMES],
            "count": len(panel),
            "rows": len(panel.values),
            "columns": {
                "series": columns.ids,
                "times": columns.times,
                "values": columns.targets,
                "others": self.others,
            },
            "frequency": panel.frequency.alias,
            "first": _text(panel.times[:1])[0],
            "last": _text(np.array([panel.times.max()]))[0],
            "missing": int(np.isnan(panel.values).sum() + (panel.lengths.sum() - len(panel.values))),
            "notes": self.notes,
        }

    def known(self, predictor: Predictor, horizon: int, use: Sequence[str], holidays: str) -> tuple[Predictor, "Table"]:
        """Returns the predictor and the table that know columns and holidays; the future of columns is in the table.

        Args:
            predictor: The model.
            horizon: Steps ahead.
            use: Columns whose values are known in the rows without a value at the end.
            holidays: Codes of places; empty for none.
        """
        if not use and not holidays:
            return predictor, self
        target = self.reading.columns.targets[0]
        cells = self.frame[target]
        empty = cells.isna() | (cells.astype(str).str.strip() == "")
        future = self.frame[empty].drop(columns=target) if use else None
        given = Given(self.frame, future, tuple(use) or None, holidays or None)
        own, reading, notes = informed(predictor, self.reading, given, self.layout, horizon)
        return own, replace(self, reading=reading, notes=(*self.notes, *notes))


def read_upload(content: bytes, name: str, layout: Layout) -> Table:
    """Reads a file that came over the network.

    Args:
        content: Its bytes: CSV, packed CSV or Parquet.
        name: Its name, which is used for its ending and in errors only.
        layout: The options of the user.

    Raises:
        Refused: It is no table, or can be read in several ways.
    """
    ending = ".parquet" if name.lower().endswith(".parquet") else ".csv"
    with tempfile.TemporaryDirectory(prefix="segue-") as folder:
        path = Path(folder) / f"table{ending}"
        path.write_bytes(content)
        try:
            table = read_table(path, layout)
        except UserError as error:
            if error.argument != "file":
                raise
            raise Refused(422, f"{name[:80] or 'the table'}: {error.remedy}") from error
    reading = read_frame(table.frame, layout, table.points)
    return Table(reading, table.frame, layout, (*table.notes, *reading.notes))


def one_series(table: Table, name: str | None) -> Reading:
    """Returns the reading of one series; the first if none is named.

    Raises:
        Refused: There is no such series.
    """
    names = table.names
    if name and name not in names:
        raise Refused(422, f"series {name[:80]}: the table has no such series")
    index = names.index(name) if name else 0
    return replace(table.reading, panel=table.reading.panel.part(index, index + 1))


def shown(table: Table, plain: Reading, own: Predictor, model: Predictor, horizon: int, level: float) -> dict[str, Any]:
    """Makes all that the page shows of one series.

    Args:
        table: The table, with what is known beside its values.
        plain: The series without it, whose backtest gives the verdict.
        own: The predictor that reads what is known.
        model: The predictor that does not.
        horizon: Steps ahead.
        level: The interval in per cent.
    """
    name = str(plain.panel.ids[0])
    known = one_series(table, name)
    frame = forecast_reading(own, known, horizon, (level,))
    past = plain.history(min(_MOST_PAST, _WIDER * history_steps(horizon)), 1)
    low, high = f"{own.name}-lo-{level:.12g}", f"{own.name}-hi-{level:.12g}"
    verdict, warning = _verdict(plain, model, horizon, level)
    reason = explain_reading(own, known, horizon)
    return {
        "name": name,
        "model": own.name,
        "level": level,
        "past": _column(past[plain.time_col].to_numpy(), {"y": past["y"].to_numpy()}),
        "ahead": _column(
            known.panel.future(horizon)[0],
            {"point": frame[own.name].to_numpy(), "low": frame[low].to_numpy(), "high": frame[high].to_numpy()},
        ),
        "verdict": verdict,
        "warning": warning,
        "reason": str(reason),
        "parts": {part: listed(values) for part, values in reason.contributions.items()},
        "notes": table.notes,
    }


def _verdict(reading: Reading, model: Predictor, horizon: int, level: float) -> tuple[str, str | None]:
    inner = model.predictor if isinstance(model, Passing) else model
    first = model if naive_season(inner) is None else inner  # in a wrapper, it would be its own naive rival
    try:
        found = backtest_reading(reading, [first, NAIVES], horizon, _WINDOWS, levels=(level,)).verdict
    except UserError as error:
        return f"No backtest: {error.remedy}.", None
    return ("No backtest.", None) if found is None else (str(found), found.warning)


def _column(times: Times, columns: dict[str, Any]) -> dict[str, Any]:
    """Columns of a chart: `x` in seconds of the clock, or the number that a time is, and `t`, the times as text."""
    dated = times.dtype.kind == "M"
    x = times.astype("datetime64[us]").astype(np.int64) / 1e6 if dated else times.astype(np.float64)
    return {"dated": dated, "x": x.tolist(), "t": _text(times), **{name: listed(v) for name, v in columns.items()}}


def _text(times: Times) -> list[str]:
    if times.dtype.kind != "M":
        return [str(time) for time in times.tolist()]
    unit = "D" if bool((times == times.astype("datetime64[D]")).all()) else "s"
    return [str(time).replace("T", " ") for time in times.astype(f"datetime64[{unit}]")]
