"""Throughput of `segue serve` on loopback: requests a second and their times; each answer must be the library's.

`python -m benchmarks.serving`; the clients are threads of this process, which take processor time from the server.
"""

import argparse
import http.client
import json
import tempfile
import time
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np

from benchmarks.attack.server_child import Child
from benchmarks.figures import write_figures
from benchmarks.machine import default_output, machine

_LENGTH, _HORIZON = 200, 24


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=8.0, help="how long each number of clients asks")
    parser.add_argument("--output", type=Path, help="the CSV file; by default one in benchmarks/results")
    options = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as place:
        child = Child(Path(place))
        for series in (1, 100):
            body, wanted, seconds = _request(series)
            rows.append(_row("library", 1, series, [seconds], seconds, 0.0))
            for clients in (1, 8, 64):
                took, whole = _load(child, body, wanted, clients, options.seconds)
                rows.append(_row("server", clients, series, took, whole, child.peak()))
                print(rows[-1], flush=True)
        child.end()
    write_figures(rows, options.output or default_output("serving"), machine(threads=1))


def _row(kind: str, clients: int, series: int, took: list[float], whole: float, peak: float) -> dict[str, object]:
    return {
        "answered_by": kind,
        "clients": clients,
        "series": series,
        "requests": len(took),
        "requests_per_second": len(took) / whole,
        "series_per_second": series * len(took) / whole,
        "p50_ms": 1000 * float(np.quantile(took, 0.5)),
        "p99_ms": 1000 * float(np.quantile(took, 0.99)),
        "peak_megabytes": round(peak),
    }


def _request(count: int) -> tuple[bytes, list[float], float]:
    """A request, the answer of the library, and the seconds of its quickest call of five."""
    import pandas as pd

    import segue

    steps = np.arange(_LENGTH)
    noise = np.random.default_rng(0).normal(0, 0.3, (count, _LENGTH))
    y = np.sin(steps * 2 * np.pi / 12) + np.arange(count)[:, None] + noise
    codes, times = np.repeat(np.arange(count), _LENGTH), np.tile(steps, count)
    frame = pd.DataFrame({"unique_id": codes, "ds": times, "y": y.ravel()})
    model, seconds = segue.load_predictor("nanotst", threads=1), list[float]()
    for _ in range(5):
        began = time.perf_counter()
        found = segue.forecast(frame, _HORIZON, freq=1, levels=(), model=model)
        seconds.append(time.perf_counter() - began)
    series = {"y": y.ravel().tolist(), "sizes": [_LENGTH] * count}
    body: dict[str, Any] = {"series": series, "h": _HORIZON, "freq": "MS", "model": "nanotst"}
    return json.dumps(body).encode(), found["NanoTST"].tolist(), min(seconds)


def _load(child: Child, body: bytes, wanted: list[float], clients: int, seconds: float) -> tuple[list[float], float]:
    """Asks for so long, and returns the time of each request and the whole time.

    Raises:
        AssertionError: An answer was not that of the library.
    """
    took, wrong = list[float](), list[bytes]()
    end = time.perf_counter() + seconds

    def work() -> None:
        headers = {"content-type": "application/json", "authorization": f"Bearer {child.token}"}
        connection = http.client.HTTPConnection("127.0.0.1", child.port, timeout=60)
        while time.perf_counter() < end:
            began = time.perf_counter()
            connection.request("POST", "/v2/forecast", body, headers)
            content = connection.getresponse().read()
            took.append(time.perf_counter() - began)
            if json.loads(content).get("mean") != wanted:
                wrong.append(content[:200])
        connection.close()

    threads, began = [Thread(target=work) for _ in range(clients)], time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong, wrong[:3]
    return took, time.perf_counter() - began


if __name__ == "__main__":
    main()
