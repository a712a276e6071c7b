"""The client of Nixtla, unchanged, against a server in a thread.

The package `nixtla` asks for an older pyarrow than ours, so it is not among the requirements of the tests: they skip
where it is not installed. Bodies as it sends them are in `test_nixtla.py` and `test_nixtla_past.py`. `python -m
benchmarks.clients.nixtla` makes the same calls to a real `segue serve`.
"""

import threading

import pytest

from benchmarks.clients.nixtla_calls import CALLS, largest_difference
from segue.serve.app import make_app
from segue.serve.running import Place, make_server

nixtla = pytest.importorskip("nixtla")
pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning:nixtla", "ignore::FutureWarning:benchmarks")


@pytest.fixture(scope="module")
def nixtla_client(service):
    place = Place(port=0)
    own = place.bound()
    server = make_server(make_app(service), place)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [own]}, daemon=True)
    thread.start()
    port = own.getsockname()[1]
    yield nixtla.NixtlaClient(api_key="x", base_url=f"http://127.0.0.1:{port}", max_retries=1)
    server.should_exit = True
    thread.join(30)
    own.close()


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.__name__)
def test_a_call_gives_what_the_library_gives(nixtla_client, call):
    """To 1e-5 of the value or of its band: the client sends values in single precision."""
    assert largest_difference(call, nixtla_client)[1] <= 1e-5
