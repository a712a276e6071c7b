"""`segue serve`: answers requests over HTTP."""

from typing import Annotated

import typer

from segue.cli.shared import options

Host = Annotated[str, typer.Option(help="The address to listen at; 127.0.0.1 is this machine alone.")]
Port = Annotated[int, typer.Option(min=0, max=65535, help="The port to listen at; 0 takes a free one.")]
Model = Annotated[
    list[str] | None, typer.Option(help="A model that requests may name; repeat it for more. The first is the default.")
]


def serve(
    host: Host = "127.0.0.1",
    port: Port = 8000,
    model: Model = None,
    threads: options.Threads = None,
) -> None:
    """Serve forecasts over HTTP to clients of Nixtla, KServe and the Open Inference Protocol.

    The page of the API is at /docs.
    """
    import uvicorn

    from segue.serve.app import make_app
    from segue.serve.models import Models
    from segue.serve.service import Service

    uvicorn.run(make_app(Service(Models(model or ["nanotst"], threads))), host=host, port=port)
