"""Errors as answers: one line each, in the form that the clients of a path read."""

from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from pydantic_core import PydanticSerializationError
from starlette.exceptions import HTTPException

from segue.errors import UserError, printable
from segue.serve.refused import Refused

_HALF = (422, "a text holds half a character, which no answer can repeat; send whole characters")

BEYOND: dict[type[Exception], tuple[int, str]] = {
    MemoryError: (413, "not enough memory; send fewer series or steps"),
    OverflowError: (422, "a number or time is too large; give whole numbers below 2**63 and others below 1e308"),
    UnicodeEncodeError: _HALF,
    PydanticSerializationError: _HALF,  # answers are numbers and texts, and any number can be written
}
"""Errors of Python and numpy by values that no computer number, memory or text can hold: status and line."""


class Detail(BaseModel):
    """An error in one line."""

    detail: str


class Error(BaseModel):
    """An error in one line."""

    error: str


class SeriesFault(BaseModel):
    """What is wrong; the code is the status of HTTP."""

    code: str
    message: str
    param: str | None
    type: str


class SeriesError(BaseModel):
    """An error in one line."""

    error: SeriesFault


def documented(form: type[BaseModel]) -> dict[int | str, dict[str, Any]]:
    """The answers of errors as OpenAPI lists them.

    Args:
        form: `SeriesError` for `/v1/timeseries`, `Error` for models and health, `Detail` for all else; see `answer`.
    """
    return {"default": {"model": form, "description": "An error in one line."}}


def answer(path: str, status: int, message: str, wait: int | None = None) -> JSONResponse:
    """Makes the answer of an error.

    Args:
        path: The path of the request.
        status: The status of HTTP.
        message: One line.
        wait: Seconds after which the client may try again.
    """
    message = printable(message)  # it may repeat what a client sent: control characters, halves of characters
    content: dict[str, Any] = {"detail": message}
    if path.startswith("/v1/timeseries"):
        kind = "invalid_request_error" if status < 500 else "server_error"
        content = {"error": {"code": str(status), "message": message, "param": None, "type": kind}}
    elif path == "/v2" or path.startswith(("/v1/models", "/v2/health", "/v2/models/")):
        content = {"error": message}
    headers = None if wait is None else {"Retry-After": str(wait)}
    return JSONResponse(content, status, headers)


def handle_errors(app: FastAPI) -> None:
    """Makes an app answer the errors of clients in one line; see `counted` for its own errors."""

    def refused(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, Refused)
        return answer(request.url.path, error.status, error.message, error.wait)

    def mistaken(request: Request, error: Exception) -> JSONResponse:
        return answer(request.url.path, 422, str(error))

    def invalid(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        return answer(request.url.path, 422, first_fault(error.errors()))

    def unknown(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)
        return answer(request.url.path, error.status_code, f"{request.url.path[:80]}: {error.detail}")

    def beyond(request: Request, error: Exception) -> JSONResponse:
        status, message = BEYOND[type(error)]
        return answer(request.url.path, status, message)

    app.add_exception_handler(Refused, refused)
    app.add_exception_handler(UserError, mistaken)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, unknown)
    for kind in BEYOND:
        app.add_exception_handler(kind, beyond)


def first_fault(faults: Sequence[Any]) -> str:
    """The first fault of a body in one line: where, what came, and what is wanted.

    Args:
        faults: What pydantic found.
    """
    fault = faults[0]
    where = ".".join(str(part) for part in fault["loc"] if part != "body") or "body"
    came = str(fault.get("input"))[:40] if not isinstance(fault.get("input"), dict | list) else ""
    return " ".join(f"{where} {came}: {fault['msg']}".split()).replace(" :", ":")
