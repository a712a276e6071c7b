"""One thread for the whole run: on tensors this small, threads cost more than they save, most on a busy machine."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch is imported; subprocesses inherit it

import pytest


@pytest.fixture(scope="module")
def no_sync():
    """Waiting for the disk guards against power cuts, which no test makes, and takes most of a tiny run's time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda descriptor: None)
        yield
