"""What the constants of answers are worth: each is moved up and down on a small sample, all else as it is.

    python -m benchmarks.forecasting.answers_constants --data DIR

A row is a constant, a value and a case, with the figures that the value gives there; `chosen` marks the library's own.
`benefit` (_PANEL), `edge` and `beyond` are on days spread over the last year of electricity prices, `reach` on
calibrated sets, `explained` on simulated series.
"""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from benchmarks.figures import write_figures
from benchmarks.forecasting.answers_cases import Case, cases, cycles, judged
from benchmarks.forecasting.calibration import panel_of
from benchmarks.forecasting.scores import series_scores
from benchmarks.forecasting.sets import SETS, load_task
from benchmarks.machine import default_output, machine
from segue.forecasting.answers import benefit, components, conformal, effects, lane_fit, phases, regressed
from segue.forecasting.answers.calibration import Calibration, calibrate_panel, calibrated_panel
from segue.forecasting.answers.lane_fit import fit_lane, known_of
from segue.forecasting.answers.regressed import Regressed
from segue.forecasting.predictor import LEVELS, History, Predictor, forecast_panel
from segue.forecasting.registry import load_predictor

Row = dict[str, Any]
CALIBRATED = ("m1_yearly", "m1_quarterly", "nn3_monthly", "m4_daily_sample", "us_births")
INF = float("inf")


@contextmanager
def moved(module: ModuleType, name: str, value: float) -> Iterator[bool]:
    """Gives a constant another value for a while; yields whether it is the usual one."""
    usual = getattr(module, name)
    setattr(module, name, value)
    try:
        yield value == usual
    finally:
        setattr(module, name, usual)


def shares(predictor: Predictor, data: Path, windows: int) -> Iterator[Row]:
    """`_PANEL`: the weights that it gives, and the errors of the forecasts that are mixed so."""
    for case in cases(data, windows):
        own = Regressed(predictor)
        series, spans = benefit._windows(case.panel, case.horizon, case.before)
        error = benefit._errors(own, case.panel, series, spans, case.horizon, None)
        plain = forecast_panel(predictor, case.origins, case.horizon, LEVELS)
        full = forecast_panel(own, case.origins, case.horizon, LEVELS)
        for value in (4, 8, 16, 32, 64):
            with moved(benefit, "_PANEL", float(value)) as chosen:
                weights = benefit._weights(error, series, len(case.panel))
            share = weights[case.origins.series][:, None, None]
            yield found("benefit", "_PANEL", value, chosen, case, plain + share * (full - plain), plain, weights.mean())


def edges(predictor: Predictor, data: Path, windows: int) -> Iterator[Row]:
    """`_EDGE`: the errors of the regression on known columns alone, without regressions for each phase."""
    for case in cases(data, windows, noise=False):
        values, observed = case.origins.lanes(np.arange(len(case.origins)), regressed._LONGEST)
        history = History(values, observed, case.origins.seasons, case.known(values.shape[1]))
        plain = forecast_panel(predictor, case.origins, case.horizon, LEVELS)
        for value in (2.0, 3.0, 4.0, 6.0, INF):
            known = known_of(history, case.horizon)
            with moved(effects, "_EDGE", value) as chosen:
                fits = [fit_lane(history, lane, case.horizon) for lane in range(len(history))]
            added = np.stack([fit.effects.of(known[lane]) for lane, fit in enumerate(fits)])
            past = History(values - added[:, : values.shape[1]], observed, history.seasons)
            left = past.select(np.arange(len(past)), max(0, values.shape[1] - predictor.context))
            full = predictor.predict(left, case.horizon).quantiles + added[:, values.shape[1] :, None]
            yield found("edge", "_EDGE", value, chosen, case, full, plain, 1.0)


def _by_phase(values: Any, observed: Any, known: Any, season: int) -> Any:
    """The quantiles by the regressions for each phase of a lane; None where its past is too short."""
    fit = phases.fit_phases(values, observed, known, season)
    return None if fit is None else fit.quantiles(values, observed, known)


def bounds(predictor: Predictor, data: Path, windows: int) -> Iterator[Row]:
    """`_BEYOND`: the errors of the regressions for each phase alone."""
    for case in cases(data, windows, noise=False):
        if case.season < lane_fit._SEASON:
            continue
        plain = forecast_panel(predictor, case.origins, case.horizon, LEVELS)
        values, observed = case.origins.lanes(np.arange(len(case.origins)), regressed._LONGEST)
        known = case.known(values.shape[1]).values
        for value in (0.0, 0.5, 2.0, INF):
            with moved(phases, "_BEYOND", value) as chosen:
                lanes = [_by_phase(*lane, case.season) for lane in zip(values, observed, known, strict=True)]
            full = np.stack([lane.mean(0) for lane in lanes if lane is not None])
            yield found("beyond", "_BEYOND", value, chosen, case, full, plain, 1.0)


def found(
    part: str, name: str, value: float, chosen: bool, case: Case, own: np.ndarray, plain: np.ndarray, weight: float
) -> Row:
    """A row of a forecast with known columns beside the plain one."""
    scores, base = judged(case.origins.actual(), own), judged(case.origins.actual(), plain)
    ratios = {f"{score}_ratio": scores[score] / base[score] for score in ("mae", "loss")}
    return row(part, name, value, chosen, case.name, len(case.origins), {**ratios, "share": weight, **scores})


def reaches(predictor: Predictor, data: Path, windows: int) -> Iterator[Row]:
    """`_REACH`: coverage and interval score of calibrated bands; the forecasts are the same for all values."""
    for dataset in SETS:
        if dataset.name not in CALIBRATED:
            continue
        task = load_task(data, dataset, "validation")
        panel, kept = panel_of(task), list[np.ndarray]()
        calibration = _keeping(kept, predictor, panel, dataset.horizon)
        for value in (0.01, 0.1, 0.3, 0.6, 1.2, 100.0):
            with moved(conformal, "_REACH", value) as chosen:
                own = Calibration(conformal.series_factors(kept[0]), calibration.windows, 8)
            scores = series_scores(task, calibrated_panel(predictor, panel, dataset.horizon, LEVELS, own))
            figures = {
                "coverage80": scores["inside80"].sum() / scores["values"].sum(),
                "winkler80": scores["winkler80"].mean(),
            }
            yield row("reach", "_REACH", value, chosen, dataset.name, len(task), figures)


def _keeping(kept: list[np.ndarray], predictor: Predictor, panel: Any, horizon: int) -> Calibration:
    """The calibration of a panel, whose scores go to a list."""
    from segue.forecasting.answers import calibration

    usual = calibration.series_factors
    calibration.series_factors = lambda scores: (kept.append(scores), usual(scores))[1]
    try:
        return calibrate_panel(predictor, panel, horizon, 8)
    finally:
        calibration.series_factors = usual


def beliefs(_: Predictor, __: Path, windows: int) -> Iterator[Row]:
    """`_EXPLAINED`: how often a cycle is believed, in series that have none and in series that have one."""
    for name, series, period in cycles(200):
        for value in (0.0, 0.05, 0.1, 0.15, 0.25, 0.4):
            with moved(components, "_EXPLAINED", value) as chosen:
                share = float(np.mean([components._believed(one, period) for one in series]))
            yield row("explained", "_EXPLAINED", value, chosen, name, len(series), {"believed": share})


def row(part: str, name: str, value: float, chosen: bool, case: str, count: int, figures: Row) -> Row:
    """A row of the file; figures that a part has not are empty."""
    names = ("mae_ratio", "loss_ratio", "share", "mae", "loss", "coverage80", "winkler80", "believed")
    blank = dict.fromkeys(names, "")
    asked = {"part": part, "constant": name, "value": float(value), "chosen": chosen, "case": case, "windows": count}
    return {**asked, **blank, **{key: float(number) for key, number in figures.items()}}


PARTS = {"explained": beliefs, "reach": reaches, "benefit": shares, "edge": edges, "beyond": bounds}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of <set>.parquet")
    parser.add_argument("--parts", nargs="+", default=list(PARTS), choices=list(PARTS))
    parser.add_argument("--windows", type=int, default=40, help="days of prices")
    parser.add_argument("--output", type=Path, default=default_output("answers-constants"))
    options = parser.parse_args()
    predictor = load_predictor("nanotst", threads=1)
    rows: list[Row] = []
    for part in options.parts:
        for one in PARTS[part](predictor, options.data, options.windows):
            rows.append(one)
            shown = {key: f"{x:.4g}" if isinstance(x, float) else x for key, x in one.items() if x != ""}
            print(*shown.values(), flush=True)
            write_figures(rows, options.output, machine(1))


if __name__ == "__main__":
    main()
