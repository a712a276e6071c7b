"""`segue serve`: answers requests over HTTP."""

from pathlib import Path
from typing import Annotated

import typer

from segue.cli.shared import options

Host = Annotated[str, typer.Option(help="The address to listen at; 127.0.0.1 is reached from this machine alone.")]
Port = Annotated[int, typer.Option(min=0, max=65535, help="The port to listen at; 0 takes a free one.")]
Model = Annotated[
    list[str] | None, typer.Option(help="A model that requests may name; repeat it for more. The first is the default.")
]
Token = Annotated[
    Path | None, typer.Option(help="A file whose first line is the token that requests carry: Authorization: Bearer.")
]
Scores = Annotated[
    Path | None, typer.Option(help="The file of segue watch --scores: the page follows the stream that it watches.")
]
Body = Annotated[int, typer.Option(metavar="BYTES", help="The largest request, also after it is unpacked.")]
Most = Annotated[int, typer.Option(metavar="NUMBER", help="The most series of a request.")]
Steps = Annotated[int, typer.Option(metavar="STEPS", help="The longest horizon.")]
Cells = Annotated[int, typer.Option(metavar="NUMBER", help="The most numbers of an answer.")]
Seconds = Annotated[float, typer.Option(metavar="SECONDS", help="The longest computing of a request.")]
Waiting = Annotated[int, typer.Option(metavar="NUMBER", help="The most requests that are computed or wait.")]
Grace = Annotated[int, typer.Option(metavar="SECONDS", help="How long open requests are finished after Ctrl-C.")]


def serve(
    host: Host = "127.0.0.1",
    port: Port = 8000,
    model: Model = None,
    token_file: Token = None,
    scores: Scores = None,
    threads: options.Threads = None,
    max_body: Body = 64_000_000,
    max_series: Most = 10_000,
    max_horizon: Steps = 10_000,
    max_cells: Cells = 20_000_000,
    max_seconds: Seconds = 60.0,
    max_waiting: Waiting = 256,
    grace: Grace = 30,
) -> None:
    """Answer requests of clients of Nixtla and KServe over HTTP, and show a page.

    The page is at /, that of the API at /docs, and counts for Prometheus are at /metrics. Each request is logged as a
    line of JSON on standard error, without data. Ctrl-C stops the server after the open requests.
    """
    import fastapi  # noqa: F401  # the package of the extra that is missing is named before any work
    import uvicorn  # noqa: F401
    import zstandard  # noqa: F401

    from segue.serve.app import make_app
    from segue.serve.auth import check_host, read_token
    from segue.serve.limits import Limits
    from segue.serve.models import Models
    from segue.serve.running import Place, run
    from segue.serve.service import Service

    token = None if token_file is None else read_token(token_file)
    check_host(host, token)
    limits = Limits(max_body, max_series, max_horizon, max_cells, max_seconds, max_waiting)
    service = Service(Models(model or ["nanotst"], threads), limits)
    run(make_app(service, token, scores), Place(host, port, grace))
