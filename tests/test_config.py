"""Configs: what TOML says is what the dataclass holds, both ways; what it can't hold is refused by name."""

import tomllib
from dataclasses import dataclass, field
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segue.config import from_dict, read_config, to_toml
from segue.errors import UserError


@dataclass(frozen=True)
class Season:
    period: int
    strength: float = 1.0


@dataclass(frozen=True)
class Model:
    width: int = 128
    kind: Literal["classic", "pretrained"] = "classic"
    betas: tuple[float, float] = (0.9, 0.999)
    seasons: tuple[Season, ...] = ()


@dataclass(frozen=True)
class Config:
    name: str
    share: float = 0.5
    shuffle: bool = False
    corpus: str | None = None
    context: int | Literal["all"] = 512
    model: Model = field(default_factory=Model)
    levels: tuple[float, ...] = ()


numbers = st.floats(allow_nan=False)
configs = st.builds(
    Config,
    name=st.text(),
    share=numbers,
    shuffle=st.booleans(),
    corpus=st.none() | st.text(),
    context=st.integers() | st.just("all"),
    model=st.builds(
        Model,
        width=st.integers(),
        kind=st.sampled_from(["classic", "pretrained"]),
        betas=st.tuples(numbers, numbers),
        seasons=st.lists(st.builds(Season, period=st.integers(), strength=numbers), max_size=3).map(tuple),
    ),
    levels=st.lists(numbers, max_size=3).map(tuple),
)


@settings(max_examples=40, deadline=None)
@given(configs)
def test_there_and_back(config):
    """Catches any text, number or nesting that our writer says in other words than the TOML reader."""
    assert from_dict(Config, tomllib.loads(to_toml(config))) == config


def test_toml_is_what_a_person_would_write():
    config = Config("tiny", model=Model(seasons=(Season(7), Season(365, 0.5))), levels=(0.1, 0.9))
    assert to_toml(config) == (
        'name = "tiny"\nshare = 0.5\nshuffle = false\ncontext = 512\nlevels = [0.1, 0.9]\n'
        '\n[model]\nwidth = 128\nkind = "classic"\nbetas = [0.9, 0.999]\n'
        "\n[[model.seasons]]\nperiod = 7\nstrength = 1.0\n"
        "\n[[model.seasons]]\nperiod = 365\nstrength = 0.5\n"
    )


@dataclass(frozen=True)
class Summer:
    season: Season = field(default_factory=lambda: Season(3, strength=0.5))


def test_a_table_changes_only_what_it_names():
    """Of what would stand there without it; catches the class's own defaults, and a key that is asked for in vain."""
    assert from_dict(Summer, {"season": {"strength": 0.25}}) == Summer(Season(3, 0.25))
    assert from_dict(Summer, {"season": {"period": 4}}) == Summer(Season(4, 0.5))


def test_an_integer_stands_for_a_float_and_becomes_one():
    share = from_dict(Config, {"name": "a", "share": 1}).share
    assert (share, type(share)) == (1.0, float)


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        ({}, "config name (missing): give a text in quotes"),
        ({"name": "a", "shuffel": True}, "config shuffel True: unknown key, write shuffle"),
        ({"name": "a", "zzz": 1}, "config zzz 1: unknown key, use one of name, share, "),
        ({"name": 3}, "config name 3: give a text in quotes"),
        ({"name": "a", "share": "0.5"}, "config share '0.5': give a number"),
        ({"name": "a", "share": True}, "config share True: give a number"),
        ({"name": "a", "shuffle": 1}, "config shuffle 1: give true or false"),
        ({"name": "a", "corpus": 1}, "config corpus 1: give a text in quotes"),
        ({"name": "a", "context": "some"}, "config context 'some': give one of \"all\""),
        ({"name": "a", "levels": 0.1}, "config levels 0.1: give a list, each item a number"),
        ({"name": "a", "levels": [0.1, "b"]}, "config levels[1] 'b': give a number"),
        ({"name": "a", "model": 3}, "config model 3: give a table"),
        ({"name": "a", "model": {"width": 1.5}}, "config model.width 1.5: give a whole number"),
        ({"name": "a", "model": {"width": True}}, "config model.width True: give a whole number"),
        ({"name": "a", "model": {"kind": "clasic"}}, "config model.kind 'clasic': give one of \"classic\", "),
        ({"name": "a", "model": {"betas": [0.9]}}, "config model.betas [0.9]: give a list of 2: a number, a number"),
        ({"name": "a", "model": {"seasons": [{}]}}, "config model.seasons[0].period (missing): give a whole number"),
    ],
)
def test_mistakes_name_key_value_and_remedy(mapping, message):
    with pytest.raises(UserError) as caught:
        from_dict(Config, mapping)
    assert str(caught.value).startswith(message)


def test_files(tmp_path):
    path = tmp_path / "tiny.toml"
    with pytest.raises(UserError, match=r"tiny\.toml: name a TOML file"):
        read_config(Config, path)
    path.write_text("name = \n")
    with pytest.raises(UserError, match=r"tiny\.toml: mend the TOML: .*line 1"):
        read_config(Config, path)
    path.write_text("nam = 'a'\n")
    with pytest.raises(UserError, match=r"tiny\.toml nam 'a': unknown key, write name"):
        read_config(Config, path)
    path.write_text("name = 'a'\n[model]\nwidth = 64\n")
    assert read_config(Config, path) == Config("a", model=Model(width=64))
