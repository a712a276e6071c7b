"""The OpenAPI of the server: what it says of errors is what a client gets."""

import pytest

CALLS = [
    ("GET", "/v2/models/none", 404),
    ("GET", "/v2/models/none/ready", 404),
    ("GET", "/v1/models/none", 404),
    ("GET", "/model_params?model=none", 404),
    ("GET", "/v2/forecast/jobs/none", 404),
    ("POST", "/v2/async/jobs/none/cancel", 404),
    ("POST", "/v2/forecast", 422),
    ("POST", "/v2/cross_validation", 422),
    ("POST", "/v2/forecast/async", 422),
    ("POST", "/v2/finetune", 422),
    ("POST", "/v1/timeseries/forecast", 422),
    ("POST", "/v1/models/nanotst:predict", 422),
]


@pytest.fixture(scope="module")
def described(client):
    return client.get("/openapi.json").json()


def form_of(described, operation):
    """The names in the answer of an error, those of a part by the name of the whole."""
    name = operation["responses"]["default"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
    return set(described["components"]["schemas"][name]["properties"])


def operation_of(described, method, path):
    """The operation of a path whose parts in braces stand for anything without a slash."""
    parts = path.partition("?")[0].replace(":", "/:").split("/")
    for known, operations in described["paths"].items():
        own = known.replace(":", "/:").split("/")
        if len(own) == len(parts) and all("{" in a or a == b for a, b in zip(own, parts, strict=True)):
            return operations[method.lower()]
    raise AssertionError(path)


def test_every_call_lists_its_errors(described):
    """Catches the list of faults of FastAPI, which no route of ours answers with."""
    for path, operations in described["paths"].items():
        for operation in operations.values():
            assert "default" in operation["responses"], path
            assert "422" not in operation["responses"], path
    assert "HTTPValidationError" not in described["components"]["schemas"]


@pytest.mark.parametrize(("method", "path", "status"), CALLS)
def test_an_error_has_the_form_that_is_listed(client, described, method, path, status):
    answer = client.request(method, path)
    assert answer.status_code == status
    assert set(answer.json()) == form_of(described, operation_of(described, method, path))
