"""KServe's own types and client against a real `segue serve`: requests of their form, and answers that they validate.

    python -m venv kserve && kserve/bin/pip install -c constraints.txt -e '.[serve]' kserve
    kserve/bin/python -m benchmarks.clients.kserve

The package has an environment of its own, since it pins some of ours. All numbers have to be those of the library to
the bit. The exit status is 1 if a check fails.
"""

import argparse
import asyncio
import logging
import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

import segue
from benchmarks.attack.server_child import Child
from benchmarks.clients.nixtla_calls import rows
from benchmarks.figures import write_figures
from benchmarks.machine import default_output, installed, machine


class Server:
    """A server and what KServe's package asks it with."""

    def __init__(self, child: Child) -> None:
        self.address = f"http://127.0.0.1:{child.port}"
        self.headers = {"authorization": f"Bearer {child.token}"}

    def asked(self, method: str, path: str, **body: Any) -> Any:
        """The response of a call of httpx, which kserve brings."""
        import httpx

        return httpx.request(method, self.address + path, headers=self.headers, timeout=60, **body)

    def client(self, protocol: str, call: str, *arguments: Any) -> Any:
        """The answer of KServe's client for inference."""
        from kserve import InferenceRESTClient, RESTConfig

        async def ask() -> Any:
            async with InferenceRESTClient(RESTConfig(protocol=protocol)) as client:
                return await getattr(client, call)(self.address, *arguments, headers=self.headers)

        return asyncio.run(ask())


def time_series(server: Server) -> int:
    """Each of KServe's names of a frequency, with quantiles: one request of all, one answer."""
    from kserve.protocol.rest.timeseries import types

    frame = rows((120,))
    inputs, wanted = [], []
    steps = {"S": "s", "T": "min", "H": "h", "D": "D", "W": "W-MON", "M": "MS", "Q": "QS", "Y": "YS"}
    for name in types.Frequency:
        step = steps.get(name.value) or steps[{"minute": "T"}.get(name.value, name.value[0].upper())]
        times = pd.date_range("2001-01-01", periods=120, freq=step)
        start = times[0].isoformat()
        inputs.append(
            types.TimeSeriesInput(
                type="univariate_time_series",
                name=name.value,
                series=frame["y"].tolist(),
                frequency=name,
                start_timestamp=start,
            )
        )
        own = frame.assign(ds=times)
        wanted.append(segue.forecast(own, 30, freq="W" if step == "W-MON" else step, quantiles=(0.1, 0.9)))
    options = types.ForecastOptions(horizon=30, quantiles=[0.1, 0.9])
    request = types.ForecastRequest(model="nanotst", inputs=inputs, options=options)
    answer = server.asked("POST", "/v1/timeseries/forecast", json=request.model_dump(mode="json"))
    found = types.ForecastResponse.model_validate_json(answer.content)
    assert found.status is types.Status.COMPLETED
    assert found.usage is not None
    assert found.usage.total_tokens == found.usage.prompt_tokens + found.usage.completion_tokens
    for one, sent, ours in zip(found.outputs[0].content, inputs, wanted, strict=True):
        assert (one.name, one.frequency, one.type) == (sent.name, sent.frequency, sent.type)
        assert one.start_timestamp == ours["ds"].iloc[0].isoformat(), (one.name, one.start_timestamp)
        assert one.mean_forecast == ours["NanoTST"].tolist(), one.name
        assert one.quantiles == {"0.1": ours["NanoTST-q-10"].tolist(), "0.9": ours["NanoTST-q-90"].tolist()}
    return 3 * 30 * len(inputs)


def errors_of_time_series(server: Server) -> int:
    from kserve.protocol.rest.timeseries import types

    one = {"type": "univariate_time_series", "name": "a", "series": [1.0, 2.0], "frequency": "day"}
    for change, status in (({"model": "none"}, 404), ({"options": {"horizon": 0}}, 422), ({"inputs": []}, 422)):
        body = {"model": "nanotst", "inputs": [one], "options": {"horizon": 2}, **change}
        answer = server.asked("POST", "/v1/timeseries/forecast", json=body)
        error = types.ErrorResponse.model_validate_json(answer.content).error
        assert (answer.status_code, error.code) == (status, str(status))
    return 0


def models_of_time_series(server: Server) -> int:
    assert server.asked("GET", "/v1/timeseries/models").json() == ["nanotst", "seasonal-naive"]
    return 0


def predict(server: Server) -> int:
    """The client's `infer` by protocol v1."""
    frame = rows()
    instances = [
        {"item_id": str(row.unique_id), "timestamp": row.ds.isoformat(), "target": row.y} for row in frame.itertuples()
    ]
    body = {"instances": instances, "parameters": {"prediction_length": 12, "quantile_levels": [0.1]}}
    found = pd.DataFrame(server.client("v1", "infer", body, "nanotst")["predictions"])
    wanted = segue.forecast(frame.astype({"unique_id": str}), 12, levels=(), quantiles=0.1)
    assert found["item_id"].tolist() == wanted["unique_id"].tolist()
    assert found["timestamp"].tolist() == [time.isoformat() for time in wanted["ds"]]
    assert found["mean"].tolist() == wanted["NanoTST"].tolist()
    assert found["0.1"].tolist() == wanted["NanoTST-q-10"].tolist()
    return 2 * len(found)


def readiness(server: Server) -> int:
    """By both protocols; a model that is not there is an error or not ready."""
    for protocol in ("v1", "v2"):
        assert server.client(protocol, "is_model_ready", "nanotst") is True
    assert server.client("v2", "is_server_ready") is True
    assert server.client("v2", "is_server_live") is True
    assert server.client("v2", "is_model_ready", "none") is False
    return 0


def metadata(server: Server) -> int:
    from kserve.protocol.rest import v2_datamodels as types

    assert types.ServerMetadataResponse.model_validate_json(server.asked("GET", "/v2").content).name == "segue"
    about = types.ModelMetadataResponse.model_validate_json(server.asked("GET", "/v2/models/nanotst").content)
    assert about.name == "nanotst"
    assert types.ServerReadyResponse.model_validate_json(server.asked("GET", "/v2/health/ready").content).ready
    assert types.ServerLiveResponse.model_validate_json(server.asked("GET", "/v2/health/live").content).live
    ready = types.ModelReadyResponse.model_validate_json(server.asked("GET", "/v2/models/nanotst/ready").content)
    assert (ready.name, ready.ready) == ("nanotst", True)
    return 0


CHECKS: tuple[Callable[[Server], int], ...] = (
    time_series,
    errors_of_time_series,
    models_of_time_series,
    predict,
    readiness,
    metadata,
)
"""Each returns how many numbers it compared."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, help="the CSV file; by default one in benchmarks/results")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    logging.disable()
    results = []
    with tempfile.TemporaryDirectory() as place:
        child = Child(Path(place), "--model", "nanotst", "--model", "seasonal-naive")
        for check in CHECKS:
            row: dict[str, Any] = {"check": check.__name__.replace("_", " "), "numbers": 0, "failed": ""}
            try:
                row["numbers"] = check(Server(child))
            except Exception as error:
                row["failed"] = f"{type(error).__name__}: {error}".splitlines()[0]
            results.append(row)
            print(row, flush=True)
        failures = child.failures
        child.end()
    versions = {name: installed(name) for name in ("kserve", "pydantic", "pandas")}
    write_figures(results, options.output or default_output("kserve-client"), machine(threads=1) | versions)
    wrong = [row for row in results if row["failed"]]
    print(*failures, f"{len(results) - len(wrong)} of {len(results)} checks passed", sep="\n")
    return int(bool(wrong or failures))


if __name__ == "__main__":
    sys.exit(main())
