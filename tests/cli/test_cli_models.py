"""The verbs that make and examine models, and models that cannot be read: one line, exit status 2, nothing written."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from safetensors import SafetensorError
from typer.testing import CliRunner

from segue.cli import app
from segue.forecasting.nanotst.model import NanoTST
from segue.forecasting.nanotst.weights import model_folder
from segue.forecasting.pretraining.grammar.sheet import draw_sheet
from segue.manifest import write_manifest

CONFIGS = Path(__file__).parents[2] / "configs"
SERIES = "ds,y\n" + "".join(f"2024-01-{day:02},{day % 7}\n" for day in range(1, 29))


@pytest.fixture
def model(tmp_path) -> Path:
    return Path(shutil.copytree(model_folder("nanotst-small"), tmp_path / "model"))


@pytest.fixture(autouse=True)
def no_export(monkeypatch):
    """A real export takes half a minute; tests of pretraining and of the graph make some."""
    stub = "segue.forecasting.pretraining.pretrain.export_model"
    monkeypatch.setattr(stub, lambda folder: (folder / "model.onnx").write_bytes(b""))


def segue(*arguments: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    return result.exit_code, result.stdout, result.stderr


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


def lose_checksums(model: Path) -> None:
    (model / "SHA256SUMS").unlink()


def truncate(model: Path) -> None:
    weights = model / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    write_manifest(model)  # as a stranger would: the checksums fit, and what reads the file detects it


def overwrite(model: Path) -> None:
    (model / "model.safetensors").write_bytes(b"no weights at all")
    write_manifest(model)


def flip_a_bit(model: Path) -> None:
    weights = bytearray((model / "model.safetensors").read_bytes())
    weights[-1] ^= 1
    (model / "model.safetensors").write_bytes(weights)


def remove_config(model: Path) -> None:
    (model / "config.json").unlink()


def break_config(model: Path) -> None:
    (model / "config.json").write_text("{", encoding="utf-8")
    write_manifest(model)


def rename_kind(model: Path) -> None:
    config = model / "config.json"
    config.write_text(config.read_text().replace('"nanotst"', '"translator"'))
    write_manifest(model)


def lose_graph(model: Path) -> None:
    (model / "model.onnx").unlink()


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lose_checksums, "copy or save the model again (it is missing); if you trust this folder, write it by"),
        (truncate, "name a folder with whole weights ("),
        (overwrite, "name a folder with whole weights ("),
        (flip_a_bit, "copy or save the model again (its checksum in SHA256SUMS differs)"),
        (remove_config, "name a folder that holds a whole model"),
        (break_config, "save the model again, this is not the config of a model"),
        (rename_kind, "name a folder with a NanoTST (this one holds a translator)"),
        (lose_graph, "run `segue export` on it first"),
    ],
)
def test_a_model_that_cannot_be_read_is_refused_and_nothing_is_written(tmp_path, model, damage, message):
    damage(model)
    source = tmp_path / "in.csv"
    source.write_text(SERIES)
    before = files(tmp_path)
    # in a process of its own: here the shape checks would read the weights before the command does
    command = [sys.executable, "-m", "segue", "forecast", source, "--horizon", "3", "--model", model]
    done = subprocess.run([*command, "--output", tmp_path / "out.csv"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"segue: --model {model}")
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
    assert files(tmp_path) == before


def test_a_model_folder_forecasts(tmp_path, model):
    source = tmp_path / "in.csv"
    source.write_text(SERIES)
    status, out, _ = segue("forecast", source, "--horizon", 3, "--model", model)
    assert status == 0
    assert "2024-01-31" in out


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[training]\nsteps = 1\n[model]\nwidth = 16\nwidht = 16\n", "model.widht 16: unknown key, write width"),
        ("[training]\nsteps = 1\n[model]\nwidth = 'wide'\n", "model.width 'wide': give a whole number"),
        ("[model\n", "mend the TOML"),
        ("[model]\n[training]\nsteps = 0\n", "steps 0: give a whole number of at least 1"),
        (
            "[model]\ncontext = 100\npatch = 24\n[training]\nsteps = 1\n",
            "context 100: give a multiple of the patch, 24",
        ),
        (
            "[model]\ncontext = 96\n[training]\nsteps = 1\n[data]\ncontexts = [48, 960]\nshares = [1, 1]\n"
            "unrest = [0, 0]\ngrowing = [0, 0]\ncompounding = [0, 0]\n",
            "contexts (48, 960): give none above the model's context, 96",
        ),
    ],
)
def test_a_config_with_a_mistake_is_refused_before_a_run_begins(tmp_path, text, message):
    config = tmp_path / "config.toml"
    config.write_text(text)
    status, out, error = segue("pretrain", config, "--output", tmp_path / "run")
    assert (status, out) == (2, "")
    assert message in error
    assert error.count("\n") == 1
    assert files(tmp_path) == {"config.toml"}


def test_pretrain_needs_a_config_or_a_run(tmp_path):
    assert segue("pretrain", "--output", tmp_path / "run")[2].startswith("segue: CONFIG (missing): name a TOML file")
    assert segue("pretrain", "--output", tmp_path / "run", "--resume")[2].startswith("segue: --resume ")
    assert segue("pretrain", tmp_path / "none.toml", "--output", tmp_path / "run")[2].startswith("segue: CONFIG ")
    minutes = segue("pretrain", CONFIGS / "tiny.toml", "--output", tmp_path / "run", "--minutes", 0)
    assert minutes[2] == "segue: --minutes 0.0: give a number above 0\n"
    assert files(tmp_path) == set()


def test_a_finished_run_says_so(tmp_path):
    run = tmp_path / "run"
    status, _, error = segue("pretrain", CONFIGS / "tiny.toml", "--output", run)
    assert (status, error.count("exporting the model to ONNX")) == (0, 1)
    assert (run / "model" / "model.onnx").exists()
    status, _, error = segue("pretrain", "--output", run, "--resume")
    assert status == 0
    assert "the run was finished before: 12 of 12 steps" in error
    assert "nan" not in error
    status, _, error = segue("pretrain", "--output", run, "--resume", "--minutes", 5)
    assert status == 0
    assert f"note: {run} is resumed with its own settings; --minutes count for a new run only" in error


def test_a_model_without_an_exported_form_is_not_said_to_be_exported(tmp_path):
    config = (CONFIGS / "tiny.toml").read_text(encoding="utf-8").replace("[model]", '[model]\nbackbone = "lstm"')
    (tmp_path / "lstm.toml").write_text(config, encoding="utf-8")
    status, _, error = segue("pretrain", tmp_path / "lstm.toml", "--output", tmp_path / "run")
    assert (status, "exporting" in error) == (0, False)
    assert not (tmp_path / "run" / "model" / "model.onnx").exists()


def test_ctrl_c_before_the_first_step_ends_in_one_line(tmp_path, monkeypatch):
    def interrupt(config):
        raise KeyboardInterrupt

    monkeypatch.setattr("segue.forecasting.pretraining.pretrain._fresh", interrupt)
    status, out, error = segue("pretrain", CONFIGS / "tiny.toml", "--output", tmp_path / "run")
    assert (status, out, error.strip()) == (130, "", "segue: stopped")
    assert files(tmp_path) == set()


def test_weights_that_do_not_fit_the_disk_are_one_line(tmp_path, monkeypatch):
    """The writer of weights has an exception of its own, which is no OSError."""

    def fill(*_):
        raise SafetensorError("I/O error: File too large")

    monkeypatch.setattr("segue.folder.safetensors.save_file", fill)
    status, _, error = segue("pretrain", CONFIGS / "tiny.toml", "--output", tmp_path / "run")
    assert status == 2
    assert "segue: cannot read or write: " in error
    assert "File too large" in error


def test_ctrl_c_saves_and_says_how_to_go_on(tmp_path, monkeypatch):
    from segue.forecasting.pretraining import pretrain

    def interrupt(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(pretrain, "loss_of", interrupt)
        status, _, error = segue("pretrain", CONFIGS / "tiny.toml", "--output", tmp_path / "run")
    assert status == 130
    assert "--resume (resume=True) goes on from there" in error
    assert error.count("exporting the model to ONNX") == 1
    NanoTST.from_pretrained(tmp_path / "run" / "model")
    assert "run/checkpoints/step-0" in files(tmp_path)
    assert segue("pretrain", "--output", tmp_path / "run", "--resume")[0] == 0
    assert "run/model/model.safetensors" in files(tmp_path)


def test_grammar_evaluate_names_the_four_sentences(model):
    status, out, _ = segue("grammar", "evaluate", "--model", model)
    assert status == 0
    assert all(name in out for name in ("flat", "line", "sine", "noisy sine"))


def test_grammar_show_draws_the_production_it_is_asked_for(tmp_path):
    status, _, _ = segue("grammar", "show", "--production", "wave", "--output", tmp_path / "sheet.png")
    assert status == 0
    assert (tmp_path / "sheet.png").read_bytes()[:4] == b"\x89PNG"
    status, _, error = segue("grammar", "show", "--production", "wawe", "--output", tmp_path / "other.png")
    assert status == 2
    assert "--production" in error
    assert "name a production" in error
    assert segue("grammar", "show", "--output", tmp_path / "sheet.txt")[0] == 2
    assert {path.name for path in tmp_path.iterdir()} == {"sheet.png"}


def test_a_sheet_is_its_names_and_its_seed():
    # catches a sheet that ignores either, or whose title belongs to another row
    def drawn(*names, seed=0):
        axes = draw_sheet(names, seed=seed, columns=4, rows=1).axes
        return axes, [tuple(ax.lines[0].get_ydata()) for ax in axes]

    axes, both = drawn("wave", "constant")
    assert [ax.get_title(loc="left") for ax in axes] == ["wave", "", "", "", "constant", "", "", ""]
    assert [len(line) for line in both[:4]] == [72, 168, 504, 1008]
    assert both[:4] == drawn("wave")[1]
    assert both[:4] != drawn("wave", seed=1)[1]


def test_without_a_verb_the_help_is_shown_in_its_lines():
    for group in ((), ("grammar",)):
        status, out, error = segue(*group)
        assert (status, out) == (2, "")
        assert error == segue(*group, "--help")[1]


def test_every_verb_has_a_help_of_its_own():
    assert "FILE" in segue("forecast", "--help")[1].splitlines()[0]
    assert "[CONFIG]" in segue("pretrain", "--help")[1].splitlines()[0]
    for verb in typer.main.get_command(app).commands:
        assert segue(verb, "--help")[0] == 0
