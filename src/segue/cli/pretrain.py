"""`segue pretrain`: trains a NanoTST on synthetic series."""

from pathlib import Path
from typing import Annotated

import typer

from segue.cli.shared import options
from segue.cli.shared.run import Minutes, Output, Resume, shown_run


def pretrain(
    ctx: options.Context,
    output: Output,
    config: Annotated[
        Path | None, typer.Argument(metavar="CONFIG", help="A TOML file; not needed to resume a run.")
    ] = None,
    resume: Resume = False,
    minutes: Minutes = None,
) -> None:
    """Train a NanoTST on synthetic series only, and write the run with its model folder to OUTPUT.

    At the end, or at Ctrl-C, the model is exported to ONNX, and then forecasts without torch.
    """
    from segue.training.pace import Stopwatch

    watch = Stopwatch()  # to load torch takes some of the minutes
    from segue.config import read_config
    from segue.errors import UserError
    from segue.forecasting.pretraining.pretrain import PretrainConfig
    from segue.forecasting.pretraining.pretrain import pretrain as run_pretraining

    if config is None and not resume:
        raise UserError("config", "(missing)", "name a TOML file such as configs/nanotst.toml, or use --resume")
    settings = None if config is None else read_config(PretrainConfig, config)
    with shown_run(output, ctx) as bar:
        run_pretraining(
            settings,
            output,
            resume=resume,
            minutes=minutes,
            watch=watch,
            started=lambda final, device: bar.started(final.training, device),
            progress=bar.progress,
            exporting=lambda: bar.say("exporting the model to ONNX"),
        )
    bar.say(f"model: {output / 'model'}")
