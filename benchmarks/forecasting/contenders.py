"""What `rates.py` measures: each contender in a process of its own, which forecasts once for every line it reads.

Only numpy is imported at the top: some contenders live in an environment without segue.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import numpy as np

HORIZON, SEASON = 24, 24
BATCHES = (32, 64, 128, 256)  # a network is measured at the batch that suits it best
LEVELS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)

Run = Callable[[np.ndarray], object]


def main() -> None:
    """Prints what the contender is, then the seconds of one run for each line read."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", help=f"{', '.join(PEERS)}, or a model of segue")
    parser.add_argument("series", type=Path, help="an array (series, time) as .npy")
    parser.add_argument("count", type=int, help="how many of the series")
    options = parser.parse_args()
    name, series = options.name, np.load(options.series)[: options.count]
    found = PEERS.get(name, segue_model)(name)
    run = found["run"]
    if "batch" in found:
        found["batch"] = batch = fastest_batch(run, series)
    else:
        batch = len(series)
        run(series[: min(len(series), 2 * threads())])  # compiles, and fills caches
    print(json.dumps({key: found.get(key, "") for key in ("package", "parameters", "batch")}), flush=True)
    for _ in sys.stdin:
        print(seconds(run, series, batch), flush=True)


def fastest_batch(run: Run, series: np.ndarray) -> int:
    """Two runs of each size on some of the series, the first to warm up."""
    some = series[: max(BATCHES)]
    sizes = [batch for batch in BATCHES if batch <= len(series)] or [len(series)]
    return min(sizes, key=lambda batch: [seconds(run, some, batch) for _ in range(3)][-1])


def seconds(run: Run, series: np.ndarray, batch: int) -> float:
    start = time.perf_counter()
    for begin in range(0, len(series), batch):
        run(series[begin : begin + batch])
    return time.perf_counter() - start


def threads() -> int:
    return int(os.environ["OMP_NUM_THREADS"])


# the contenders: how to run one, its package, and of a network its parameters and batch -------------------------------


def segue_model(name: str) -> dict:
    """A bundled model or a model folder; `ar` and `seasonal-naive`."""
    import segue
    from segue.folder import load_model_folder
    from segue.forecasting.predictor import predict_lanes

    predictor = segue.load_predictor(name, threads=threads())

    def run(series: np.ndarray) -> object:
        observed, seasons = np.ones(series.shape, dtype=bool), np.full((len(series), 1), float(SEASON))
        return predict_lanes(predictor, series, observed, seasons, HORIZON)

    found = {"run": run, "package": f"segue {segue.__version__}"}
    if not isinstance(predictor, segue.ExportedModel):
        return found
    _, _, weights = load_model_folder(predictor.folder)
    return found | {"parameters": sum(weight.size for weight in weights.values()), "batch": 0}


def chronos_bolt_tiny(name: str) -> dict:
    """The architecture with random weights: speed does not depend on what they are. The sizes of its config.json."""
    import torch
    from chronos.chronos_bolt import ChronosBoltModelForForecasting, ChronosBoltPipeline
    from transformers import T5Config

    config = T5Config(
        d_model=256,
        d_ff=1024,
        d_kv=64,
        num_heads=4,
        num_layers=4,
        num_decoder_layers=4,
        vocab_size=2,
        feed_forward_proj="relu",
        is_encoder_decoder=True,
        decoder_start_token_id=0,
        pad_token_id=0,
        eos_token_id=1,
    )
    config.reg_token_id = 1
    config.chronos_config = {
        "context_length": 2048,
        "prediction_length": 64,
        "input_patch_size": 16,
        "input_patch_stride": 16,
        "use_reg_token": True,
        "quantiles": list(LEVELS),
    }
    torch.manual_seed(0)
    model = ChronosBoltModelForForecasting(config).float().eval()
    pipeline = ChronosBoltPipeline(model)
    return {
        "run": lambda series: pipeline.predict(torch.from_numpy(series).float(), HORIZON),
        "package": f"chronos-forecasting {version('chronos-forecasting')}, torch {version('torch')}",
        "parameters": sum(p.numel() for p in model.parameters()),
        "batch": 0,
    }


def fracast(name: str) -> dict:
    """The weights of its wheel in float32."""
    from fracast import FracastModel

    model = FracastModel.from_pretrained(weights="fp32")
    package = f"fracast {version('fracast')}"
    return {"run": lambda series: model.forecast_batch(series, horizon=HORIZON), "package": package, "batch": 0}


def statsforecast(name: str) -> dict:
    """A classical model in one process a thread; the median and the nine deciles, as the networks give."""
    import pandas as pd
    from statsforecast import StatsForecast, models

    kind = {"auto-ets": models.AutoETS, "auto-theta": models.AutoTheta}[name]
    forecaster = StatsForecast(models=[kind(season_length=SEASON)], freq="h", n_jobs=threads())

    def run(series: np.ndarray) -> object:
        times = pd.date_range("2024-01-01", periods=series.shape[1], freq="h")
        names = np.repeat(np.arange(len(series)), series.shape[1])
        frame = pd.DataFrame({"unique_id": names, "ds": np.tile(times, len(series)), "y": series.ravel()})
        return forecaster.forecast(df=frame, h=HORIZON, level=[20, 40, 60, 80])

    return {"run": run, "package": f"statsforecast {version('statsforecast')}"}


PEERS: dict[str, Callable[[str], dict]] = {
    "chronos-bolt-tiny": chronos_bolt_tiny,
    "fracast": fracast,
    "auto-ets": statsforecast,
    "auto-theta": statsforecast,
}


if __name__ == "__main__":
    main()
