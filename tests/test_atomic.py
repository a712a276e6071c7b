"""Outputs: what a path names gets the whole bytes or none, and keeps what its owner has set."""

import os
import stat
import sys
import threading
from pathlib import Path

import pytest

from segue.atomic import atomic_file, atomic_folder, recover_folder, remove_temporary, write_file
from segue.errors import UserError

posix = pytest.mark.skipif(os.name == "nt", reason="permissions, pipes and links of POSIX")


@posix
def test_a_file_that_is_replaced_keeps_its_permissions(tmp_path):
    path = tmp_path / "table.csv"
    write_file(path, "old")
    path.chmod(0o640)
    write_file(path, "new")
    assert path.read_text() == "new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


@posix
def test_the_target_of_a_link_is_replaced_and_the_link_stays(tmp_path):
    (tmp_path / "far").mkdir()
    target, link = tmp_path / "far" / "table.csv", tmp_path / "link.csv"
    link.symlink_to(target)
    for text in ("first", "second"):  # the link dangles at first
        write_file(link, text)
        assert link.is_symlink()
        assert target.read_text() == text
    assert os.listdir(tmp_path / "far") == ["table.csv"]


@posix
def test_a_read_only_file_is_refused_and_kept(tmp_path):
    """By its permission bits, or the administrator would overwrite what others protect."""
    path = tmp_path / "table.csv"
    path.write_text("kept")
    path.chmod(0o444)
    with pytest.raises(UserError, match="is read-only; allow writing to it"):
        write_file(path, "new")
    assert path.read_text() == "kept"
    assert os.listdir(tmp_path) == ["table.csv"]


@posix
def test_a_pipe_gets_the_bytes_and_stays_a_pipe(tmp_path):
    pipe, read = tmp_path / "pipe", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    write_file(pipe, "rows")
    reader.join()
    assert read == [b"rows"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert os.listdir(tmp_path) == ["pipe"]


@posix
def test_standard_output_is_written_to_even_where_it_is_a_file(capfd):
    """Opened by its name, the file behind it would be cut off, and later lines would overwrite its beginning."""
    sys.stdout.write("before\n")
    write_file(Path("/dev/stdout"), "rows\n")
    sys.stdout.write("after\n")
    assert capfd.readouterr().out == "before\nrows\nafter\n"


@posix
def test_a_pipe_gets_nothing_where_the_work_fails(capfd):
    def fail():
        with atomic_file("/dev/stdout") as path:
            path.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert capfd.readouterr().out == ""


def test_a_folder_between_its_two_renames_is_brought_back(tmp_path):
    """A kill there leaves no folder of that name: the new one is whole, and else the old one is."""
    for names, expected in (((".model-0123abcd", ".model-0123abcd-old"), "new"), ((".model-0123abcd-old",), "old")):
        home = tmp_path / expected
        for name in names:
            (home / name).mkdir(parents=True)
            (home / name / "weights").write_text("old" if name.endswith("-old") else "new")
        recover_folder(home / "model")
        remove_temporary(home, "model")
        assert os.listdir(home) == ["model"]
        assert (home / "model" / "weights").read_text() == expected


def test_leftovers_of_other_names_stay(tmp_path):
    for name in (".log-abcdefgh.jsonl", ".login", "log-abcdefgh.jsonl", ".other-abcdefgh"):
        (tmp_path / name).write_text("")
    (tmp_path / "link").mkdir()
    with atomic_folder(tmp_path / "link"):
        pass
    remove_temporary(tmp_path, "log")
    assert sorted(os.listdir(tmp_path)) == [".login", ".other-abcdefgh", "link", "log-abcdefgh.jsonl"]
