"""`segue language`: the command, a text and a config for it, and what it prints and leaves."""

from pathlib import Path

from typer.testing import CliRunner

from segue.cli import app
from segue.training.checkpoints import latest

TEXT = "#the cat sat on the mat. #the dog sat on the log; it had a bone. #so it goes on and on and on.\n" * 8

CONFIG = """
validate_every = 4
precision = "float32"
device = "cpu"
surprise = "{surprise}"
[model]
backbone = "{backbone}"
width = 16
layers = 1
heads = 2
window = 12
dropout = 0.1
[text]
state = "{state}"
document = "#"
lanes = 3
window = 10
[training]
steps = 12
learning_rate = 1e-2
warmup_steps = 2
average_decay = 0.5
checkpoint_every = 5
log_every = 3
"""

LEVELS = """
[[levels]]
period = 1
[[levels]]
period = 3
[[levels]]
period = 50
unit = "token"
"""


def segue(*arguments):
    result = CliRunner().invoke(app, ["language", *(str(argument) for argument in arguments)])
    return result.exit_code, result.stdout, result.stderr


def start(place: Path, backbone: str = "lstm", state: str = "carry") -> Path:
    """Writes a text and a config."""
    (place / "text.txt").write_text(TEXT, encoding="utf-8")
    levels = LEVELS if backbone == "nested" else ""
    (place / "config.toml").write_text(
        CONFIG.format(backbone=backbone, state=state, surprise="descent" if levels else "off") + levels,
        encoding="utf-8",
    )
    return place / "text.txt"


def everything(run: Path) -> dict[str, bytes]:
    """All files that a run leaves, of its checkpoints those of the newest."""
    files = {path.name: path.read_bytes() for path in latest(run).iterdir()}
    model = {f"model/{path.name}": path.read_bytes() for path in (run / "model").iterdir()}
    return files | model | {name: (run / name).read_bytes() for name in ("log.jsonl", "config.toml")}


def figures(out: str) -> dict[str, str]:
    return dict(line.split(": ", 1) for line in out.splitlines())
