"""Damage on the disk: a store is refused if a bit of what it holds was flipped, and never read as other values."""

import random
import shutil
import sqlite3
from contextlib import closing

import pytest

from segue.errors import UserError
from tests.live.feeds import feed
from tests.live.storing import dump, run, same

DAMAGED = r"state .*: is damaged \(a checksum differs\); restore a copy"


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    path = tmp_path_factory.mktemp("store") / "a.db"
    run(path, feed(), 360)
    return path


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE lanes SET small = CAST(substr(small, 1, 40) || x'01' || substr(small, 42) AS BLOB) WHERE lane = 1",
        "UPDATE lanes SET last = last + 4 WHERE lane = 1",
        "DELETE FROM lanes WHERE lane = 1",
        "UPDATE history SET cells = zeroblob(480) WHERE block = 3",
        "DELETE FROM history WHERE block = 3",
        "UPDATE alerts SET p = p / 2 WHERE id = 1",
        "UPDATE marks SET value = value + 1 WHERE key = 'rows'",
        "DELETE FROM marks",
        "UPDATE sqlite_sequence SET seq = 4294967297 WHERE name = 'lanes'",
    ],
)
def test_changed_rows_are_refused(whole, tmp_path, change):
    copy = shutil.copy(whole, tmp_path / "a.db")
    with closing(sqlite3.connect(copy)) as connection, connection:
        connection.execute(change)
    with pytest.raises(UserError, match=DAMAGED):
        dump(copy)


def test_a_flipped_bit_is_refused_or_changes_nothing(whole, tmp_path):
    """Catches a bit that reaches a lane, an alert or a mark; bits of free space change nothing."""
    expected, content, chance = dump(whole), whole.read_bytes(), random.Random(0)
    refused = 0
    for _ in range(16):
        damaged = bytearray(content)
        damaged[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
        copy = tmp_path / "a.db"
        copy.write_bytes(damaged)
        try:
            found = dump(copy)
        except UserError:
            refused += 1
            continue
        same(found[0], expected[0])
        assert found[1:] == expected[1:]
    assert refused > 5
