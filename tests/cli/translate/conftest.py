"""`segue translate`: the command, and pairs and a config for it."""

from itertools import product
from pathlib import Path

from typer.testing import CliRunner

from segue.cli import app

WHO = {"I": "yo", "you": "tú", "we": "nosotros", "they": "ellos"}
WHAT = {"see": "ver", "want": "querer", "have": "tener"}
HOW = {"red": "rojo", "big": "grande", "old": "viejo", "new": "nuevo"}
WHOM = {"cat": "gato", "dog": "perro", "car": "coche", "book": "libro"}
PAIRS = "".join(
    f"{a} {b} the {c} {d}\t{WHO[a]} {WHAT[b]} el {WHOM[d]} {HOW[c]}\n" for a, b, c, d in product(WHO, WHAT, HOW, WHOM)
)

CONFIG = """
validate_every = 4
precision = "float32"
device = "cpu"
select = "{select}"
[model]
architecture = "{architecture}"
width = 16
heads = 2
dropout = 0.1
[pairs]
tokens = 60
dev = 10
joined = 0.2
parts = 2
target_tokenizer = "word"
source_tokenizer = "word"
[training]
steps = 12
learning_rate = 1e-2
warmup_steps = 2
average_decay = 0.5
checkpoint_every = 5
log_every = 3
"""


def segue(*arguments, given=None):
    result = CliRunner().invoke(app, ["translate", *(str(argument) for argument in arguments)], input=given)
    return result.exit_code, result.stdout, result.stderr


def start(place: Path, architecture: str = "lstm-attention", select: str = "loss") -> Path:
    """Writes pairs and a config."""
    (place / "pairs.tsv").write_text(PAIRS, encoding="utf-8")
    (place / "config.toml").write_text(CONFIG.format(architecture=architecture, select=select), encoding="utf-8")
    return place / "pairs.tsv"
