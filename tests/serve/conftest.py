"""A server in this process, on the bundled model and a baseline."""

import numpy as np
import pandas as pd
import pytest
from starlette.testclient import TestClient

from segue.serve.app import make_app
from segue.serve.models import Models
from segue.serve.service import Service


@pytest.fixture(scope="session")
def models():
    return Models(["nanotst", "seasonal-naive"], threads=1)


@pytest.fixture(scope="session")
def service(models):
    return Service(models)


@pytest.fixture(scope="session")
def client(service):
    with TestClient(make_app(service), raise_server_exceptions=False) as client:
        yield client


def hours(lengths=(200, 150), seed=0, gaps=True):
    """A long frame of hours: a day, noise, and some missing values."""
    generator = np.random.default_rng(seed)
    parts = []
    for number, length in enumerate(lengths):
        steps = np.arange(length)
        y = 10 * (number + 1) + 3 * np.sin(steps * 2 * np.pi / 24) + generator.normal(0, 0.5, length)
        if gaps:
            y[5] = np.nan
        times = pd.date_range("2026-03-01", periods=length, freq="h")
        parts.append(pd.DataFrame({"unique_id": number, "ds": times, "y": y}))
    return pd.concat(parts, ignore_index=True)


def nixtla_series(frame, starts=True):
    """The series of a frame as the client sends them."""
    sizes = frame.groupby("unique_id").size().tolist()
    sent = {"y": [None if np.isnan(value) else value for value in frame["y"]], "sizes": sizes}
    if starts:
        first = frame.groupby("unique_id")["ds"].first()
        sent["start_datetime"] = [time.isoformat() for time in first]
    return sent
