"""Where the bytes of a table come from: compressed files, standard input, and files of other formats."""

import gzip
import io
import sys

import pyarrow as pa
import pytest

from segue.errors import UserError
from segue.forecasting.table.files.read import read_table
from segue.forecasting.table.layout import Layout
from tests.forecasting.table.files.conftest import DAYS, rows

PLAIN = ("ds,y\n" + rows()).encode()


def zstd(raw):
    return pa.compress(raw, codec="zstd", asbytes=True)


@pytest.mark.parametrize("name", ["table.csv.gz", "table.csv.zst", "table.csv"])
@pytest.mark.parametrize("pack", [gzip.compress, zstd, bytes])
def test_compressed_files_are_recognised_by_their_bytes(read, name, pack):
    assert read(pack(PLAIN), name=name).frame["ds"].tolist() == DAYS
    assert len(read(pack(PLAIN) + pack(rows().encode()), name=name).frame) == 28


@pytest.mark.parametrize("pack", [gzip.compress, zstd, bytes])
def test_standard_input(monkeypatch, pack):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(pack(PLAIN))))
    assert read_table("-", Layout()).frame["ds"].tolist() == DAYS


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (gzip.compress(PLAIN, mtime=0)[:-6], "its gzip data is damaged or cut short"),
        (zstd(PLAIN)[:-6], "its zstd data is damaged or cut short"),
        (b"PK\3\4", "a workbook or a zip archive; save the sheet as CSV"),
        (b'[{"ds": "2024-03-01", "y": 1}]', "it is JSON"),
        (b"<html><table>", "it is a page of HTML or XML"),
        (b"ds,y\n2024-03-01,\0\n", "it holds binary data"),
        (b"ds,y\n2024-03-01," + b"9" * 200_000, "cells of more than 131072 characters"),
        (b",,,\n,,,\n", "it is empty"),
    ],
)
def test_files_of_other_formats_are_refused_by_name(read, content, message):
    with pytest.raises(UserError, match=message):
        read(content)


def test_what_is_made_to_fill_the_memory_is_refused(read, monkeypatch):
    monkeypatch.setattr("segue.forecasting.table.files.source._FREE", 1_000_000)
    with pytest.raises(UserError, match="it unpacks to more than 200 times its size"):
        read(gzip.compress(b"\n" * 20_000_000))
