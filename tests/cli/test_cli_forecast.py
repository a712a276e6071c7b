"""`segue forecast`: tables with the defects of real ones in, forecasts or one line of advice out."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from tests.cli.conftest import HOURS, csv, daily_wave, run


def forecast(folder, text, *arguments, horizon=24):
    """Writes a file, forecasts it by the last season, and reads what came out."""
    (folder / "in.csv").write_text(text, newline="")
    output = folder / "out.csv"
    result = run(folder / "in.csv", "--horizon", horizon, "--model", "seasonal-naive", "--output", output, *arguments)
    assert result.exit_code == 0, result.stderr
    assert sorted(path.name for path in folder.iterdir()) == ["in.csv", "out.csv"]
    return pd.read_csv(output)


def refusal(folder, text, *arguments, horizon=24):
    """The one line on standard error; nothing may have been written, under whatever name."""
    (folder / "in.csv").write_text(text, newline="")
    result = run(folder / "in.csv", "--horizon", horizon, "--model", "seasonal-naive",
                 "--output", folder / "out.csv", "--plot", folder / "out.png", *arguments)  # fmt: skip
    assert result.exit_code == 2
    assert [path.name for path in folder.iterdir()] == ["in.csv"]
    assert result.stdout == ""
    assert result.stderr.startswith("segue: ")
    assert result.stderr.count("\n") == 1
    return result.stderr.removeprefix("segue: ").removesuffix("\n")


def test_months_on_lines_that_end_in_carriage_returns(tmp_path):
    months = pd.date_range("2021-01-01", periods=36, freq="MS")
    result = forecast(tmp_path, csv(months, y=months.month).replace("\n", "\r"), horizon=12)
    assert result["ds"].tolist() == pd.date_range("2024-01-01", periods=12, freq="MS").strftime("%Y-%m-%d").tolist()
    assert result["SeasonalNaive"].tolist() == list(range(1, 13))
    assert result["unique_id"].unique().tolist() == ["y"]


def test_quoted_days_with_some_missing(tmp_path):
    days = pd.date_range("2024-01-01", periods=70, freq="D").delete([9, 30, 31])
    frame = pd.DataFrame({"ds": days.strftime("%Y-%m-%d"), "y": days.dayofweek})
    result = forecast(tmp_path, frame.to_csv(index=False, quoting=2), horizon=7)
    assert result["ds"].tolist() == pd.date_range("2024-03-11", periods=7).strftime("%Y-%m-%d").tolist()
    assert result["SeasonalNaive"].tolist() == list(range(7))  # 11 March 2024 is a Monday


def test_five_minutes_with_empty_values(tmp_path):
    times = pd.date_range("2024-05-01", periods=2 * 288, freq="5min")
    values = pd.Series(daily_wave(times)).mask(times.minute == 35)
    result = forecast(tmp_path, csv(times, y=values), horizon=3)
    assert result["ds"].tolist() == ["2024-05-03 00:00:00", "2024-05-03 00:05:00", "2024-05-03 00:10:00"]
    assert result["SeasonalNaive"].tolist() == [50.0] * 3


def test_date_and_hour_in_two_columns_and_several_targets(tmp_path):
    kept = HOURS.delete([3, 40])
    frame = pd.DataFrame({"row": range(len(kept)), "day": kept.strftime("%-m/%-d/%y"), "hr": kept.hour, "wet": 0.5,
                          "casual": daily_wave(kept), "member": 2 * daily_wave(kept)})  # fmt: skip
    text = frame.to_csv(index=False)
    assert refusal(tmp_path, text) == "--time (not given): could be day or day,hr; name it with --time"
    assert refusal(tmp_path, text, "--time", "day,hr") == (
        "--target (not given): could be row, wet, casual, member; name it with --target, "
        "or several separated by commas, or give --target all"
    )
    result = forecast(tmp_path, text, "--time", "day,hr", "--target", "casual,member")
    assert result["unique_id"].tolist() == ["casual"] * 24 + ["member"] * 24
    assert result["ds"].iloc[0] == "2024-10-29 00:00:00"
    np.testing.assert_allclose(result["SeasonalNaive"], [*daily_wave(HOURS[:24]), *2 * daily_wave(HOURS[:24])])


def test_year_month_day_and_hour_in_four_columns_and_missing_values_by_name(tmp_path):
    frame = pd.DataFrame({"No": range(96), "year": HOURS.year, "month": HOURS.month, "day": HOURS.day,
                          "hour": HOURS.hour, "pm": daily_wave(HOURS), "wind": "NW"})  # fmt: skip
    frame.loc[:5, "pm"] = np.nan
    text = frame.to_csv(index=False, na_rep="NA").replace("\n", "\r\n")
    result = forecast(tmp_path, text, "--target", "pm")
    pd.testing.assert_frame_equal(result, forecast(tmp_path, text, "--time", "year,month,day,hour", "--target", "pm"))
    np.testing.assert_allclose(result["SeasonalNaive"], daily_wave(HOURS[:24]))


def test_clock_change_out_of_order_rows_and_a_gap_in_spring(tmp_path):
    # local time: 2 o'clock comes twice; then the file's first half is moved behind its second
    times = HOURS.insert(50, HOURS[50])
    values = [*daily_wave(times[:50]), 10.0, 30.0, *daily_wave(times[52:])]
    frame = pd.DataFrame({"Datetime": times, "Load_MW": values})
    text = pd.concat([frame[60:], frame[:60]]).to_csv(index=False)
    assert refusal(tmp_path, text) == (
        "--time 2024-10-27 02:00:00: occurs twice in series Load_MW; choose --duplicates mean|sum|first|last, "
        "or name the series by --id"
    )
    result = forecast(tmp_path, text, "--duplicates", "mean", horizon=3)
    assert result["Datetime"].tolist() == ["2024-10-29 00:00:00", "2024-10-29 01:00:00", "2024-10-29 02:00:00"]
    np.testing.assert_allclose(result["SeasonalNaive"], daily_wave(HOURS[:3]))
    until_then = frame[:52].to_csv(index=False)  # it ends with the double hour, which the next night repeats
    for choice, value in (("mean", 20.0), ("first", 10.0), ("last", 30.0)):
        assert forecast(tmp_path, until_then, "--duplicates", choice)["SeasonalNaive"].iloc[-1] == value


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--target", "sales"), "--target sales: no such column; there are ds, y, word"),
        (("--id", "shop"), "--id shop: no such column; there are ds, y, word"),
        (("--time", "when"), "--time when: no such column; there are ds, y, word"),
        (("--target", "word"), "--target word: is not a number but 'x' in row 1; mend it or name a column of numbers"),
        (("--freq", "often"), "--freq often: no such frequency; give one such as min, h, D, B, W, MS, QS or YS, "
                              "with a count as in 15min"),
        (("--level", "99"), "--level 99.0: give a percentage from 1 to 98"),
        (("--level", "0"), "--level 0.0: give a percentage from 1 to 98"),
        (("--quantile", "0"), "--quantile 0.0: give a fraction from 0.01 to 0.99"),
        (("--horizon", "0"), "--horizon 0: give a whole number of at least 1"),
        (("--horizon", "-3"), "--horizon -3: give a whole number of at least 1"),
        (("--threads", "0"), "--threads 0: give a whole number of at least 1"),
        (("--duplicates", "median"), "--duplicates median: choose one of mean, sum, first, last"),
        (("--time-format", "%d.%m.%Y"), "--time ds: cannot read '2024-10-25 00:00:00' in row 1 as a time; it does "
                                        "not have the --time-format '%d.%m.%Y'; mend the row or the format"),
    ],
)  # fmt: skip
def test_arguments_that_fit_nothing(tmp_path, arguments, message):
    assert refusal(tmp_path, csv(HOURS, y=daily_wave(HOURS), word="x"), *arguments) == message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is not a whole table (it is empty); name a CSV or Parquet file"),
        ("ds,y\n", "holds no rows; name a file with a header and at least one row"),
        ("\0\1\n\2,\3\n", "is not a whole table (it holds binary data); name a CSV or Parquet file"),
    ],
)
def test_files_without_a_table(tmp_path, text, message):
    assert refusal(tmp_path, text) == f"FILE {tmp_path / 'in.csv'}: {message}"


def test_infinite_value(tmp_path):
    message = "--target y: is infinite in row 2; leave it empty if it is missing"
    assert refusal(tmp_path, "ds,y\n1,1\n2,inf\n3,4\n") == message


def test_missing_file_and_unknown_model(tmp_path):
    result = run(tmp_path / "none.csv", "--horizon", 3)
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert result.stderr.startswith(
        f"segue: FILE {tmp_path / 'none.csv'}: cannot be read (No such file or directory); "
    )
    known = (
        "name a model folder or a bundled model: nanotst, nanotst-small; or a baseline: ar, seasonal-naive, ets, theta"
    )
    for model, shown in ((tmp_path / "nowhere", tmp_path / "nowhere"), ("", "(empty)")):  # "" is no current folder
        assert refusal(tmp_path, csv(HOURS, y=1), "--model", model) == f"--model {shown}: {known}"


def test_misuse_is_reported_in_one_line(tmp_path):
    for arguments, message in (
        (["in.csv"], "segue: Missing option '--horizon'."),
        (["in.csv", "--horizon", "soon"], "segue: --horizon soon: give a whole number"),
        (["in.csv", "--horizon", "3", "--nonsense"], "segue: No such option: --nonsense"),
    ):
        result = run(*arguments)
        assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
        assert result.stderr.startswith(message)


def test_interruption_ends_with_its_own_status(tmp_path, monkeypatch):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("segue.forecasting.registry.load_predictor", interrupt)
    (tmp_path / "in.csv").write_text(csv(HOURS, y=1))
    assert run(tmp_path / "in.csv", "--horizon", 3, "--output", tmp_path / "out.csv").exit_code == 130
    assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]


@pytest.mark.parametrize("value", [0.0, 1e15, 1e-15, -3.0])
def test_constant_and_single_values_are_continued(tmp_path, value):
    assert forecast(tmp_path, csv(HOURS, y=value), horizon=2)["SeasonalNaive"].tolist() == [value] * 2
    result = forecast(tmp_path, csv(HOURS[:1], y=value), "--freq", "D", horizon=2)
    assert result["SeasonalNaive"].tolist() == [value] * 2
    assert result["ds"].tolist() == ["2024-10-26", "2024-10-27"]


def test_one_time_shows_no_step(tmp_path):
    message = "--freq (not given): no series has two rows to infer it from; give the step, such as h or D"
    assert refusal(tmp_path, csv(HOURS[:1], y=1)) == message


def test_terminal_shows_short_forecasts_whole_and_long_ones_shortened(tmp_path):
    source = tmp_path / "in.csv"
    source.write_text(csv(HOURS, y=daily_wave(HOURS)))
    whole = run(source, "--horizon", 3, "--model", "seasonal-naive").stdout.splitlines()
    assert whole[0] == "SeasonalNaive: series y, 3 steps ahead, frequency h"
    assert [line.split()[:3] for line in whole[3:]] == [
        ["2024-10-29", f"0{hour}:00", f"{daily_wave(HOURS)[hour]:.3f}"] for hour in range(3)
    ]
    source.write_text("unique_id,ds,y\n" + "".join(f"{k:03d},{t},{k}\n" for k in range(100) for t in (1, 2)))
    long = run(source, "--horizon", 5, "--model", "seasonal-naive").stdout.splitlines()
    assert long[0] == "SeasonalNaive: 100 series, 5 steps ahead, frequency 1"
    assert len(long) < 60
    assert long[-1] == "460 more rows; write them all with --output FILE.csv"


def test_terminal_shows_seconds_and_what_differs_on_a_high_level_however_narrow_it_is(tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "20")
    times = pd.date_range("2024-05-01 12:00:05", periods=6, freq="10s")
    for level, step in ((1e15, 1e8), (1e6, 0.5)):
        (tmp_path / "in.csv").write_text(csv(times, y=level + step * np.array([0, 1, 2, 0, 1, 2])))
        lines = run(tmp_path / "in.csv", "--horizon", 2, "--model", "seasonal-naive").stdout.splitlines()[3:]
        assert [line.split()[1] for line in lines] == ["12:01:05", "12:01:15"]
        numbers = [[float(cell.replace(",", "")) for cell in line.split()[2:]] for line in lines]
        assert all(len(set(row)) == 3 for row in numbers), "median and both ends of the interval differ"


def test_help_and_version_import_nothing_heavy():
    program = (
        "import sys\nfrom segue.cli import main\ntry:\n    main()\nfinally:\n"
        "    print([m for m in ('torch', 'pandas', 'numpy', 'matplotlib', 'narwhals') if m in sys.modules])"
    )
    for flag in ("--help", "--version"):
        result = subprocess.run([sys.executable, "-c", program, flag], capture_output=True, text=True, check=True)
        assert result.stdout.endswith("[]\n")
