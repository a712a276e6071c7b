"""Hostile bodies for all dialects of the server: every field of a good request, with every value that it is not."""

import copy
import json
import random
from collections.abc import Iterator
from typing import Any

_Y = [float(10 + step % 7) for step in range(60)]
_SERIES = {
    "y": _Y,
    "sizes": [30, 30],
    "X": [_Y],
    "X_future": [[1.0] * 6],
    "start_datetime": ["2026-01-01", "2026-01-02"],
    "categorical_exog": [],
}
_PLAIN = {"y": _Y, "sizes": [30, 30], "start_datetime": ["2026-01-01", "2026-01-02"]}
_SHARED = {"model": "nanotst", "freq": "D", "finetune_steps": 0, "finetuned_model_id": None, "model_parameters": None}
_ROWS = [{"item_id": "a", "timestamp": f"2026-01-{day:02}", "target": 1.0 * day, "x": day} for day in range(1, 29)]

GOOD: dict[str, dict[str, Any]] = {
    "/v2/forecast": {"series": _SERIES, **_SHARED, "h": 3, "level": [80.0]},
    "/v2/cross_validation": {
        "series": _PLAIN, **_SHARED, "h": 3, "level": [80.0], "n_windows": 2, "step_size": 3, "full_history": False,
        "hist_exog": [],
    },
    "/v2/anomaly_detection": {"series": _PLAIN, **_SHARED, "level": 99.0},
    "/v2/online_anomaly_detection": {
        "series": _PLAIN, **_SHARED, "h": 3, "detection_size": 3, "step_size": 1, "level": 99.0,
        "threshold_method": "univariate",
    },
    "/v2/simulate/async": {"series": _PLAIN, **_SHARED, "h": 3, "n_paths": 4, "seed": 0, "multivariate": False},
    "/v1/timeseries/forecast": {
        "model": "nanotst",
        "inputs": [{
            "type": "univariate_time_series", "name": "a", "series": _Y, "frequency": "D",
            "start_timestamp": "2026-01-01T00:00:00",
        }],
        "options": {"horizon": 3, "quantiles": [0.1, 0.9]},
    },
    "/v1/models/nanotst:predict": {
        "instances": _ROWS,
        "known_covariates": [{"item_id": "a", "timestamp": "2026-01-29", "x": 4}],
        "parameters": {"prediction_length": 1, "quantile_levels": [0.1], "freq": "D"},
    },
}  # fmt: skip
"""A good body for each path."""

HOSTILE: tuple[str, ...] = (
    "null", "true", "0", "-1", "1.5", "1000000000", "-1000000000", "1e300", "-1e300", "1e-320",
    "9223372036854775808", "9" * 400, "-" + "9" * 400, "9" * 4299, "9" * 5000, "1e400", "NaN", "Infinity", "-Infinity",
    '""', '"a"', '"\\u0000"',
    '"\\ud800"', '"../../etc/passwd"', '"/etc/passwd"', '"now"', '"9999-12-31T23:59:59"', '"0001-01-01"',
    '"-1D"', '"0h"',
    '"1000000000D"', '"99999999999999999999h"', '"' + "x" * 5000 + '"', "[]", "[null]", "[[]]", "[NaN]", "[Infinity]",
    "[-1]", "[0]", "[1e300, -1e300]", "[" + "9" * 400 + "]", '["a"]', '["now", "2026-01-01"]', "{}",
    '{"unique_id": 1, "ds": 2, "y": 3}', '{"": null}', "[" * 500 + "]" * 500, "[" * 100_000 + "]" * 100_000,
)  # fmt: skip
"""Values as text of JSON, among them what is not JSON, but what parsers take for it."""

_MARK = "the place of a hostile value"


def _places(body: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The places of all fields, and of the first and last item of each list."""
    if path:
        yield path
    if isinstance(body, dict):
        for name in body:
            yield from _places(body[name], (*path, name))
    elif isinstance(body, list) and body:
        for index in sorted({0, len(body) - 1}):
            yield from _places(body[index], (*path, index))


def _replaced(body: Any, path: tuple[Any, ...], text: str | None) -> bytes:
    """A body as JSON with another value at a place, or without the place."""
    whole = copy.deepcopy(body)
    inner = whole
    for part in path[:-1]:
        inner = inner[part]
    if text is None:
        del inner[path[-1]]
    else:
        inner[path[-1]] = _MARK
    return json.dumps(whole).replace(f'"{_MARK}"', text or "").encode()


def field_attempts(draw: random.Random) -> list[tuple[str, str, bytes]]:
    """All kinds, paths and bodies with one hostile field, in an order that is drawn."""
    found = [
        (f"fields of {path}", path, _replaced(body, place, text))
        for path, body in GOOD.items()
        for place in _places(body)
        for text in (*HOSTILE, None)
    ]
    draw.shuffle(found)
    return found


def whole_bodies() -> list[tuple[str, str, bytes]]:
    """Bodies that are hostile as a whole: too many, too deep, too large, or no JSON."""
    made = list[tuple[str, str, bytes]]()
    texts = [
        b"",
        b"{",
        b"\xff\xfe",
        b"\x00" * 1000,
        b"[" * 1_000_000,
        b'{"a":' * 200_000,
        b'"' + b"x" * 100_000,
        b"nul",
    ]
    for path in GOOD:
        made += [("no JSON, or deep", path, text) for text in (*texts, *(text.encode() for text in HOSTILE))]
    million = b'{"series": {"y": [' + b"1," * 999_999 + b'1], "sizes": [' + b"1," * 999_999 + b'1]}, "h": 1}'
    inputs = b",".join([b'{"name": "a", "series": [1, 2], "frequency": "D"}'] * 1_000_000)
    rows = b",".join(b'{"item_id": %d, "timestamp": 1, "target": 1}' % number for number in range(1_000_000))
    made += [("a million series", path, million) for path in ("/v2/forecast", "/v2/anomaly_detection")]
    made.append(
        ("a million series", "/v1/timeseries/forecast", b'{"inputs": [' + inputs + b'], "options": {"horizon": 1}}')
    )
    made.append(("a million series", "/v1/models/nanotst:predict", b'{"instances": [' + rows + b"]}"))
    for item in (b"[],", b"{},", b"0,", b"1.5,", b'"",', b"[[[]]],"):
        full = b'{"series": {"y": [' + item * (63_000_000 // len(item)) + b'0], "sizes": [1]}, "h": 1}'
        made.append(("64 MB of small values", "/v2/forecast", full))
    return made
