"""`segue translate evaluate`: scores a model on pairs on which it was not trained."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from segue.cli.shared.checks import PICTURES, check_writable
from segue.cli.translate.arguments import Beam, Folder, SkipBad, Source, Target, model_of, report_skipped
from segue.extras import installation

if TYPE_CHECKING:
    from segue.translate.evaluation.evaluate import Evaluation


Pairs = Annotated[
    Path, typer.Argument(metavar="PAIRS", help="A TSV or CSV file; all rows with one source are its references.")
]
Plot = Annotated[
    Path | None, typer.Option(help="Draw the scores by the length of the source to this .png, .pdf or .svg.")
]
Output = Annotated[Path | None, typer.Option(help="Write each source and its output to this TSV file.")]


def evaluate(
    folder: Folder,
    pairs: Pairs,
    source: Source = None,
    target: Target = None,
    skip_bad: SkipBad = False,
    beam: Beam = 1,
    plot: Plot = None,
    output: Output = None,
) -> None:
    """Score the outputs of a model for the sources of PAIRS, over all and by the length of the source."""
    from segue.atomic import atomic_file
    from segue.cli.shared.progress import counting
    from segue.translate.data.pairs import Pair, items_of, read_pairs, write_pairs
    from segue.translate.data.vocabulary import UNKNOWN
    from segue.translate.decode.config import DecodeConfig
    from segue.translate.decode.texts import translate_texts
    from segue.translate.evaluation.evaluate import evaluate as evaluate_items
    from segue.translate.evaluation.plots import plot_lengths
    from segue.translate.evaluation.units import unit_of

    check_writable("output", output, source=pairs)
    check_writable("output", output, source=folder)
    check_writable("plot", plot, PICTURES)
    model = model_of(folder)
    read = read_pairs(pairs, source=source, target=target, skip_bad=skip_bad)
    report_skipped(read)
    items = items_of(read.pairs)
    settings = DecodeConfig(beam=beam)
    ended: list[bool] = []

    def translate(sources: list[str]) -> list[str]:
        with counting("texts") as bar:
            results = translate_texts(model, sources, settings, report=partial(bar, pairs.name))
        best = [hypotheses[0] for hypotheses in results]
        ended.extend(hypothesis.finished for hypothesis in best)
        return [hypothesis.text for hypothesis in best]

    evaluation = evaluate_items(translate, items, unit_of(model.vocabulary))
    if output is not None:
        write_pairs(output, [Pair(item.source, text) for item, text in zip(items, evaluation.outputs, strict=True)])
    if plot is not None:
        with atomic_file(plot, "plot") as file:
            plot_lengths(evaluation).savefig(file)
    _report(evaluation)
    unknown = sum(model.vocabulary.source(item.source).count(UNKNOWN) for item in items)
    typer.echo(f"unknown: {unknown}")
    typer.echo(f"cut off: {ended.count(False)}")
    _report_lengths(evaluation)


def _report(evaluation: "Evaluation") -> None:
    """Prints the scores, one on each line."""
    scores = evaluation.scores
    if scores.bleu is None or scores.chrf is None:
        typer.echo(f"BLEU: needs sacrebleu; {installation('train')}")
    else:
        typer.echo(f"BLEU: {scores.bleu}")
        typer.echo(f"BLEU of first references: {scores.bleu_first:.2f}")
        typer.echo(f"chrF: {scores.chrf}")
    typer.echo(f"exact match: {scores.exact_match}")
    typer.echo(f"token error rate: {scores.token_error_rate}")
    typer.echo(f"length ratio: {scores.length_ratio:.3f}")
    typer.echo(f"sources: {scores.sentences}")
    typer.echo(f"sources per second: {scores.sentences / evaluation.seconds:.0f}")
    for signature in scores.signatures:
        typer.echo(f"signature: {signature}")


def _report_lengths(evaluation: "Evaluation") -> None:
    """Prints a table of the scores by the length of the source."""
    typer.echo(f"\n{evaluation.unit + 's':>10} {'sources':>8} {'BLEU':>8} {'chrF':>8} {'exact':>8} {'errors':>8}")
    for bucket in evaluation.buckets:
        part = bucket.scores
        cells = (part.bleu, part.chrf, part.exact_match, part.token_error_rate)
        figures = " ".join(f"{'-' if cell is None else f'{cell.value:.1f}':>8}" for cell in cells)
        typer.echo(f"{bucket.label:>10} {part.sentences:>8} {figures}")
