"""Configs: TOML in, frozen dataclasses out, and back again.

A config is a frozen dataclass of whole numbers, numbers, texts, truth values, `Literal`s, tuples of these, dicts
of names to such values, and further such dataclasses. TOML has no null, so an optional field (`X | None`) has the
default `None` and is left out. A table inside a config replaces the fields that it names and keeps the defaults of
the others.
"""

import dataclasses
import difflib
import json
import tomllib
import types
import typing
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar, Union

from segue.bounded import parse, read_bytes
from segue.errors import UserError

T = TypeVar("T")

_MOST_BYTES = 2**16
"""Bytes of a config; the longest here has 3,000. A TOML reader takes time quadratic in the length of a dotted key."""

_WORDS = {int: "a whole number", float: "a number", str: "a text in quotes", bool: "true or false"}


def read_config(cls: type[T], path: str | Path, changes: Mapping[str, Mapping[str, Any]] | None = None) -> T:
    """Reads a TOML file into the dataclass `cls`.

    Args:
        cls: The dataclass.
        path: The file.
        changes: Values that replace those of the file, by table and key, before anything is checked.

    Raises:
        UserError: The file cannot be read or is no TOML, or as for `from_dict`.
    """
    path = Path(path)
    try:
        mapping = parse(read_bytes(path, _MOST_BYTES).decode("utf-8"), tomllib.loads)
    except OSError as error:
        raise UserError("config", path, f"name a TOML file that can be read ({error.strerror})") from error
    except ValueError as error:  # no TOML, or no UTF-8, or too large
        raise UserError("config", path, f"mend the TOML: {error}") from error
    for table, values in (changes or {}).items():
        if isinstance(mapping.setdefault(table, {}), dict):
            mapping[table].update(values)
    return from_dict(cls, mapping, where=str(path))


def from_dict(cls: type[T], mapping: Mapping[str, Any], where: str = "config") -> T:
    """Builds the dataclass `cls`, and the dataclasses in it, from plain values.

    Args:
        cls: The dataclass.
        mapping: Values of TOML or JSON: lists become tuples, tables become dataclasses; an integer is accepted for a
            float, a truth value is no integer.
        where: The name of the mapping in errors, before the key: `config training.steps`.

    Raises:
        UserError: A key is unknown or missing, or a value has the wrong type or is refused by its dataclass.
    """
    return typing.cast(T, _build(cls, mapping, where, f"{where} "))


def to_toml(config: Any) -> str:
    """The config as TOML, such that `from_dict(type(config), tomllib.loads(text)) == config`."""
    return "\n".join(_lines(config, "")).lstrip("\n") + "\n"


def _build(cls: Any, mapping: object, name: str, prefix: str, default: Any = None) -> Any:
    """A `cls` of these values; missing ones are those of `default`, or else the defaults of `cls`."""
    if not isinstance(mapping, Mapping):
        raise UserError(name, _shown(mapping), "give a table of keys and values")
    fields = {field.name: field for field in dataclasses.fields(cls) if field.init}
    for key in mapping:
        if key not in fields:
            raise UserError(f"{prefix}{key}", _shown(mapping[key]), _remedy_for_unknown(key, list(fields)))
    kinds = typing.get_type_hints(cls)
    for key, field in fields.items():
        required = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        if required and default is None and key not in mapping:
            raise UserError(f"{prefix}{key}", "(missing)", f"give {_words(kinds[key])}")
    values = {}
    for key, value in mapping.items():
        kind, factory = kinds[key], fields[key].default_factory
        if dataclasses.is_dataclass(kind) and factory is not dataclasses.MISSING:
            values[key] = _build(kind, value, f"{prefix}{key}", f"{prefix}{key}.", factory())
        else:
            values[key] = _convert(kind, value, f"{prefix}{key}")
    try:
        return cls(**values) if default is None else dataclasses.replace(default, **values)
    except UserError as error:  # the check of the dataclass knows neither file nor table
        raise UserError(f"{prefix}{error.argument}", error.value, error.remedy) from error


def _convert(kind: Any, value: object, name: str) -> Any:
    """`value` as the annotated type `kind`, or a `UserError` under `name`."""
    if dataclasses.is_dataclass(kind):
        return _build(kind, value, name, f"{name}.")
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (Union, types.UnionType):
        return _convert_union(arguments, value, name)
    if origin is tuple and isinstance(value, list | tuple):
        kinds = [arguments[0]] * len(value) if arguments[-1] is Ellipsis else list(arguments)
        if len(kinds) == len(value):
            return tuple(_convert(k, v, f"{name}[{i}]") for i, (k, v) in enumerate(zip(kinds, value, strict=True)))
    if origin is dict and isinstance(value, Mapping):
        return {key: _convert(arguments[1], item, f"{name}.{key}") for key, item in value.items()}
    if origin is Literal and any(type(value) is type(choice) and value == choice for choice in arguments):
        return value
    if kind is float and type(value) is int and abs(value) < 2**1023:  # not bool, which is an int to isinstance
        return float(value)
    if type(value) is kind:
        return value
    raise UserError(name, _shown(value), f"give {_words(kind)}")


def _convert_union(kinds: tuple[Any, ...], value: object, name: str) -> Any:
    if value is None and types.NoneType in kinds:
        return None
    *others, last = [kind for kind in kinds if kind is not types.NoneType]
    for kind in others:
        try:
            return _convert(kind, value, name)
        except UserError:
            continue
    return _convert(last, value, name)


def _words(kind: Any) -> str:
    """Describes a value of this type, for the end of "give ..."."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if dataclasses.is_dataclass(kind) or origin is dict:
        return "a table of keys and values"
    if origin is Literal:
        return "one of " + ", ".join(json.dumps(choice) for choice in arguments)
    if origin in (Union, types.UnionType):
        return " or ".join(_words(argument) for argument in arguments if argument is not types.NoneType)
    if origin is tuple and arguments[-1] is Ellipsis:
        return f"a list, each item {_words(arguments[0])}"
    if origin is tuple:
        return f"a list of {len(arguments)}: " + ", ".join(map(_words, arguments))
    return _WORDS.get(kind, str(kind))


def _remedy_for_unknown(key: str, known: list[str]) -> str:
    close = difflib.get_close_matches(key, known, n=1)
    return f"unknown key, write {close[0]}" if close else f"unknown key, use one of {', '.join(known)}"


def _shown(value: object) -> object:
    return repr(value) if isinstance(value, str) else value


def _lines(config: Any, path: str) -> Iterator[str]:
    """The lines of one table: plain values first, since all lines after the header of a table belong to it."""
    tables: list[tuple[str, Any]] = []
    if isinstance(config, dict):
        yield from (f"{key} = {_plain(value)}" for key, value in config.items())
        return
    for field in dataclasses.fields(config):
        value = getattr(config, field.name)
        if dataclasses.is_dataclass(value) or isinstance(value, dict):
            tables.append((f"[{path}{field.name}]", value))
        elif isinstance(value, tuple) and value and dataclasses.is_dataclass(value[0]):
            tables += [(f"[[{path}{field.name}]]", item) for item in value]
        elif value is not None:
            yield f"{field.name} = {_plain(value)}"
        elif field.default is not None:
            raise ValueError(f"{field.name} is None, which TOML cannot hold: make None its default")
    for header, table in tables:
        yield f"\n{header}"
        yield from _lines(table, header.strip("[]") + ".")


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, str):  # TOML has the escapes of JSON, and also needs DEL escaped
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, tuple):
        return f"[{', '.join(map(_plain, value))}]"
    raise TypeError(f"no TOML for {value!r}")
