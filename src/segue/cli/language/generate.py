"""`segue language generate`: continues a prompt."""

from typing import Annotated

import typer

from segue.cli.language.arguments import Folder, model_of


def generate(
    folder: Folder,
    prompt: Annotated[str, typer.Option(help="The text to continue; by default the end of a line.")] = "\n",
    length: Annotated[int, typer.Option(min=0, help="How many tokens to add.")] = 200,
    temperature: Annotated[
        float, typer.Option(help="Below 1 draws more cautiously; 0 takes the most probable token.")
    ] = 1.0,
    top_k: Annotated[int | None, typer.Option(help="Draw from the k most probable tokens only.")] = None,
    top_p: Annotated[
        float | None, typer.Option(help="Draw only from the most probable tokens that together have this probability.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="The same seed draws the same text.")] = 0,
) -> None:
    """Continue a prompt, and show each piece as it is drawn."""
    model = model_of(folder)  # before torch is imported
    from segue.heads.sampling import Sampling
    from segue.language.generate import continue_text

    sampling = Sampling(temperature, top_k, top_p)
    tokens, limit = model.tokenizer.encode(prompt), model.config.position_limit
    if limit is not None and len(tokens) + length > limit:
        typer.echo(f"segue: positions are learned for {limit} tokens only: expect nonsense after them", err=True)
    unknown = tokens.count(-1 if model.tokenizer.unknown is None else model.tokenizer.unknown)
    if unknown and prompt.strip():  # the default, a line's end, may be unknown
        typer.echo(f"segue: tokens of the prompt unknown to the model: {unknown}", err=True)
    pieces = continue_text(model, prompt, length, sampling, seed)
    first = next(pieces, "")  # an empty prompt is refused before anything is printed
    seen = prompt.rstrip() if tokens == model.tokenizer.encode(prompt.rstrip()) else prompt  # words bring their spaces
    typer.echo(seen + first, nl=False)
    for piece in pieces:
        typer.echo(piece, nl=False)
    typer.echo()
