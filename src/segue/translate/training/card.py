"""The card of a model folder: what it learnt from, at what cost, how good it is, and how to make it again."""

import shlex
from dataclasses import replace
from pathlib import Path

from segue.config import to_toml
from segue.translate.data.pairs import items_of
from segue.translate.data.tokens import unit_of
from segue.translate.decode.decode import translate_texts
from segue.translate.evaluation.scores import Scores, score
from segue.translate.model.seq2seq import Seq2Seq
from segue.translate.training.config import TranslationConfig
from segue.translate.training.material import Material

_TEXT = """\
# {name}

{architecture} of {size:.2f} million parameters and {vocabulary:,} tokens, which puts one sequence into another.

## What it saw

| | |
|---|---|
| pairs | `{file}`: {pairs:,} learnt from |
| held out | {held_out}; no text of these was learnt from{known} |
| SHA-256 of pairs and vocabulary | `{digest}` |

## What it cost

At most {steps:,} steps, {time}, on `{device}` in {precision}. What is kept is the model that was best by the held-out
{select}.

## How good it is

Greedy output for the held-out pairs, in per cent, with the interval that holds 95 % of bootstrap samples. The model was
chosen by these pairs: a test that it has not seen is a stricter judge (`segue translate evaluate`).

| | |
|---|---|
{scores}

## How to make it again

With the settings below in `settings.toml`; other pairs are refused.

```sh
segue translate train {command} --config settings.toml --output runs/again
```

```toml
{settings}```
"""
_CHOSEN_BY = {"loss": "loss", "bleu": "BLEU", "chrf": "chrF", "errors": "token error rate"}


def model_card(folder: Path, config: TranslationConfig, material: Material, minutes: float | None) -> str:
    """The text of MODEL_CARD.md.

    Args:
        folder: The saved model.
        config: The settings that it was trained with, all decided.
        material: What it learnt from and was chosen by.
        minutes: What the run took, with the looks at held-out pairs; `None` where nobody knows any more.
    """
    model = Seq2Seq.from_pretrained(folder).to(config.device)
    items = items_of(material.held_out)
    outputs = [found[0].text for found in translate_texts(model, [item.source for item in items])]
    places = [Path(place).name for place in (config.file, config.dev_file) if place is not None]
    own = len(places) > 1
    split = f"of `{places[1]}`" if own else f"split off by groups that share no text, seed {config.training.seed}"
    return _TEXT.format(
        name=folder.resolve().parent.name,
        architecture=config.model.architecture,
        size=sum(parameter.numel() for parameter in model.parameters()) / 1e6,
        vocabulary=model.vocabulary.size,
        file=places[0],
        pairs=material.pairs,
        held_out=f"{len(material.held_out):,} pairs of {len(items):,} sources, {split}",
        digest=material.digest,
        known=f" ({material.known:,} pairs were left out for it)" if own else "",
        steps=config.training.steps,
        time="in a time not known" if minutes is None else f"about {minutes:.1f} minutes",
        device=config.device,
        precision=config.precision,
        select=_CHOSEN_BY[config.select],
        scores="\n".join(_rows(score(outputs, items, unit_of(model.vocabulary)))),
        command=shlex.join(places[:1] + ["--dev", *places[1:]] * own),
        settings=to_toml(replace(config, file=None, dev_file=None)),
    )


def _rows(scores: Scores) -> list[str]:
    """A row of the table for each score that is known."""
    figures = {
        "BLEU": scores.bleu,
        "chrF": scores.chrf,
        "exact match": scores.exact_match,
        "token error rate": scores.token_error_rate,
        "length ratio": f"{scores.length_ratio:.3f}",
    }
    known = [f"| {name} | {figure} |" for name, figure in figures.items() if figure is not None]
    return [*known, *(f"| signature | `{signature}` |" for signature in scores.signatures)]
