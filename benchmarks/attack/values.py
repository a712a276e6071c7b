"""Values that no config should hold where a number is expected, and JSON that no reader should meet."""

import json
import random
from typing import Any

NUMBERS: tuple[Any, ...] = (
    0,
    -1,
    1,
    3,
    10**6,
    10**9,
    2**31,
    2**63,
    10**18,
    10**300,
    10**4000,
    1e9,
    1e308,
    0.5,
    float("nan"),
    float("inf"),
    True,
    None,
    "",
    "1e9",
    "\x1b[31m",
    [],
    [4],
    [[[[4]]]],
    {},
    {"width": 4},
)


def changed_value(table: dict[str, Any], draw: random.Random) -> None:
    """Puts a hostile value in one place of a nested table."""
    key = draw.choice(sorted(table))
    if isinstance(table[key], dict) and table[key] and draw.random() < 0.7:
        changed_value(table[key], draw)
    elif draw.random() < 0.1:
        table.pop(key)
    elif draw.random() < 0.1:
        table[draw.choice(["__class__", "layer", "", "x" * 1000])] = draw.choice(NUMBERS)
    else:
        table[key] = draw.choice(NUMBERS)


def hostile_json(text: str, draw: random.Random) -> bytes:
    """JSON that is deep, long, double or broken, made of a text of JSON."""
    deep = draw.choice([10, 40, 1000, 100_000])
    first = next(iter(json.loads(text)))
    return draw.choice(
        [
            b"[" * deep + b"]" * deep,
            b'{"a":' * deep + b"1" + b"}" * deep,
            text.replace("{", '{"deep": ' + "[" * deep + "]" * deep + ", ", 1).encode(),
            text.replace("{", '{"long": "' + "x" * 2 ** draw.choice([10, 20, 25]) + '", ', 1).encode(),
            text.replace("{", '{"many": [' + "0," * 2 ** draw.choice([10, 20]) + "0], ", 1).encode(),
            text.replace("{", f'{{"{first}": 1, ', 1).encode(),
            text.replace("{", '{"digits": ' + "9" * draw.choice([100, 4400, 60_000]) + ", ", 1).encode(),
            text.encode("utf-16"),
            b"\xff" + text.encode(),
            text[: draw.randrange(len(text))].encode(),
            b"null",
            b'"text"',
            b"",
        ]
    )
