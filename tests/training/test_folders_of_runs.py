"""Run folders: what kills, desktops and other processes leave there never ends a run."""

import pytest

from segue.errors import Notice, UserError
from segue.training.runs import exclusive_run, put_strays_aside
from tests.training.conftest import everything, interrupt, run_through

pytestmark = pytest.mark.usefixtures("no_sync")


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory):
    run = tmp_path_factory.mktemp("unbroken") / "run"
    run_through(run)
    return run


@pytest.mark.parametrize("left", [("config.toml",), ("config.toml", ".lock", ".log-abcdefgh.jsonl", ".model-abcdefgh")])
def test_a_run_killed_before_its_first_checkpoint_begins_anew(left, unbroken, tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    for name in left:
        (run / name).write_bytes((unbroken / "config.toml").read_bytes() if name == "config.toml" else b"")
    run_through(run, resume=True)
    assert everything(run) == everything(unbroken)
    assert not [path.name for path in run.iterdir() if path.name.startswith(".") and path.name != ".lock"]


def test_a_start_that_was_killed_at_once_is_no_run_and_leaves_the_folder_free(unbroken, tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    (run / ".lock").touch()
    (run / ".config-abcdefgh.toml").touch()
    run_through(run)
    assert everything(run) == everything(unbroken)


def test_a_second_process_is_refused_and_the_first_goes_on(unbroken, tmp_path):
    run = tmp_path / "run"
    refused = []

    def second():
        for resume in (False, True):
            with pytest.raises(UserError, match="another process trains this run|continue this run") as error:
                run_through(run, resume=resume)
            refused.append(str(error.value))

    with pytest.raises(KeyboardInterrupt):
        run_through(run, stop_at=7, how=lambda: (second(), interrupt()))
    assert "another process trains this run" in refused[1]
    run_through(run, resume=True)
    assert everything(run) == everything(unbroken)


def test_the_lock_ends_with_its_block(tmp_path):
    for _ in range(2):
        with exclusive_run(tmp_path / "run"):
            pass


def test_a_deleted_log_is_reported(tmp_path):
    run = tmp_path / "run"
    with pytest.raises(KeyboardInterrupt):
        run_through(run, stop_at=7, how=interrupt)
    (run / "log.jsonl").unlink()
    with pytest.warns(Notice, match=r"log\.jsonl does not reach up to step 6 of the checkpoint: its lines"):
        run_through(run, resume=True)


def test_what_stands_after_the_lines_of_a_log_is_dropped(tmp_path):
    """Bytes that no run wrote, at the end of the file, end neither the resume nor the log."""
    run, unbroken = tmp_path / "run", tmp_path / "unbroken"
    run_through(unbroken)
    with pytest.raises(KeyboardInterrupt):
        run_through(run, stop_at=7, how=interrupt)
    with (run / "log.jsonl").open("ab") as log:
        log.write(b"\xf3\n[]\n{}\n" + b"[" * 100_000 + b"\n")
    run_through(run, resume=True)
    assert (run / "log.jsonl").read_bytes() == (unbroken / "log.jsonl").read_bytes()


def test_strays_in_the_model_folder_are_put_aside_and_kept(tmp_path):
    model = tmp_path / "model"
    (model / "sub").mkdir(parents=True)
    for name in (".DS_Store", "note.txt", "config.json", "sub/deep"):
        (model / name).write_text(name)
    put_strays_aside(tmp_path)
    assert sorted(path.name for path in model.iterdir()) == ["config.json"]
    assert sorted(path.name for path in (tmp_path / "model-strays").iterdir()) == [".DS_Store", "note.txt", "sub"]
