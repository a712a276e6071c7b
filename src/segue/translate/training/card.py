"""The card of a model folder: its training data, cost and scores, and how to make it again."""

import shlex
from dataclasses import replace
from pathlib import Path

from segue.config import to_toml
from segue.translate.data.pairs import items_of
from segue.translate.decode.texts import translate_texts
from segue.translate.evaluation.scores import Scores, score
from segue.translate.evaluation.units import unit_of
from segue.translate.model.seq2seq import Seq2Seq
from segue.translate.training.config import TranslationConfig
from segue.translate.training.material import Material

_TEXT = """\
# {name}

{architecture} of {size:.2f} million parameters and {vocabulary:,} tokens, which translates one sequence into another.

## Training data

| | |
|---|---|
| pairs | `{file}`: {pairs:,} learnt from |
| held out | {held_out}; no text of these was learnt from{known} |
| SHA-256 of pairs and vocabulary | `{digest}` |

## Cost

At most {steps:,} steps, {time}, on `{device}` in {precision}. The model with the best held-out {select} was kept.

## Scores

Scores of greedy outputs for the held-out pairs, in per cent, with the interval that holds 95 % of bootstrap samples.
These pairs selected the model, so a test on other pairs is stricter (`segue translate evaluate`).

| | |
|---|---|
{scores}

## How to make it again

Save the settings below as `settings.toml`; other pairs are refused.

```sh
segue translate train {command} --config settings.toml --output runs/again
```

```toml
{settings}```
"""
_MEASURES = {"loss": "loss", "bleu": "BLEU", "chrf": "chrF", "errors": "token error rate"}


def model_card(folder: Path, config: TranslationConfig, material: Material, minutes: float | None) -> str:
    """The text of MODEL_CARD.md.

    Args:
        folder: The saved model.
        config: The final settings of its training.
        material: Its training and held-out pairs.
        minutes: The time of the run, with its measurements on held-out pairs; `None` where it is not known.
    """
    model = Seq2Seq.from_pretrained(folder).to(config.device)
    items = items_of(material.held_out)
    outputs = [best[0].text for best in translate_texts(model, [item.source for item in items])]
    names = [Path(file).name for file in (config.file, config.dev_file) if file is not None]
    own = len(names) > 1
    split = f"of `{names[1]}`" if own else f"split off by groups that share no text, seed {config.training.seed}"
    return _TEXT.format(
        name=folder.resolve().parent.name,
        architecture=config.model.architecture,
        size=sum(parameter.numel() for parameter in model.parameters()) / 1e6,
        vocabulary=model.vocabulary.size,
        file=names[0],
        pairs=material.pairs,
        held_out=f"{len(material.held_out):,} pairs of {len(items):,} sources, {split}",
        digest=material.digest,
        known=f" ({material.known:,} pairs were left out for it)" if own else "",
        steps=config.training.steps,
        time="in unknown time" if minutes is None else f"about {minutes:.1f} minutes",
        device=config.device,
        precision=config.precision,
        select=_MEASURES[config.select],
        scores="\n".join(_rows(score(outputs, items, unit_of(model.vocabulary)))),
        command=shlex.join(names[:1] + ["--dev", *names[1:]] * own),
        settings=to_toml(replace(config, file=None, dev_file=None)),
    )


def _rows(scores: Scores) -> list[str]:
    """A row of the table for each known score."""
    figures = {
        "BLEU": scores.bleu,
        "chrF": scores.chrf,
        "exact match": scores.exact_match,
        "token error rate": scores.token_error_rate,
        "length ratio": f"{scores.length_ratio:.3f}",
    }
    known = [f"| {name} | {figure} |" for name, figure in figures.items() if figure is not None]
    return [*known, *(f"| signature | `{signature}` |" for signature in scores.signatures)]
