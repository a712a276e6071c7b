"""The forms of text that are read as times without a format. Each is one pattern."""

from dataclasses import dataclass

from segue.forecasting.table.times.zones import AFTER_DATE, CLOCK, ZONE

_MONTH = (
    r"(?P<b>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)\.?"
)
_WEEKDAY = (
    r"(?:(?P<a>mon(?:day)?|tue(?:s|sday)?|wed(?:nesday)?|thu(?:rs?|rsday)?|fri(?:day)?|sat(?:urday)?|sun(?:day)?)"
    r"\.?,? )"
)
_YEAR = {"Y": r"(?P<Y>\d{4})", "y": r"['\x{2019}]?(?P<y>\d{2})"}
_DAY, _NUMBER = r"(?P<d>\d{1,2})(?:st|nd|rd|th|\.)?", r"(?P<m>\d{1,2})"
_WEEK = r"(?:w|week|wk|kw|cw)\.? ?"


@dataclass(frozen=True)
class Shape:
    """A form of text.

    Attributes:
        pattern: A pattern of RE2 for the whole text; its groups are the letters of `Fields`.
        orders: What the groups `A`, `B` and `C` may mean, such as `dmY`; `("",)` for a pattern without them.
        unusual: Those of the orders that are read only where the others are irregular.
        form: The reading as a `time_format`; for a shape with orders, each order makes its own.
    """

    pattern: str
    orders: tuple[str, ...] = ("",)
    unusual: tuple[str, ...] = ()
    form: str = ""


def _dates() -> list[Shape]:
    sep, after = r"(?:[-/.:] ?| )", AFTER_DATE
    day = rf"{_WEEKDAY}?"
    two = r"(?P<A>\d{1,2})%s(?P<B>\d{1,2})%s"
    shapes = [
        Shape(rf"{day}{_YEAR['Y']}{sep}{_NUMBER}{sep}(?P<d>\d{{1,2}})\.?{after}"),
        Shape(rf"{_YEAR['Y']}年 ?{_NUMBER}月(?: ?(?P<d>\d{{1,2}})日)?(?: ?{CLOCK}{ZONE})?"),
        Shape(rf"{_YEAR['Y']}(?P<m>\d{{2}})(?P<d>\d{{2}}){after}"),
        Shape(rf"{day}{two % (('[-/. ] ?',) * 2)}(?P<Y>\d{{4}})\.?{after}", ("mdY", "dmY")),
    ]
    for mark, orders, unusual in (
        ("-", ("mdy", "dmy", "ymd"), ()), (" ", ("mdy", "dmy", "ymd"), ()), ("/", ("mdy", "dmy", "ymd"), ("ymd",)),
        (r"\. ?", ("mdy", "dmy", "ymd"), ("ymd",)),
    ):  # fmt: skip
        pattern = rf"{day}{two % ((mark,) * 2)}['\x{{2019}}]?(?P<C>\d{{2}}){after}"
        shapes.append(Shape(pattern, orders, unusual))
    return shapes


def _named() -> list[Shape]:
    after, day, gap = AFTER_DATE, rf"{_WEEKDAY}?", r"[-/., _]{0,2}"
    shapes = []
    for year in _YEAR.values():
        shapes.append(Shape(rf"{day}{_DAY}{gap}(?:of )?{_MONTH}{gap}{year}{after}"))
        shapes.append(Shape(rf"{day}{_MONTH}{gap}{_DAY},?[-/ ]{year}{after}"))
    shapes.append(Shape(rf"{day}{_YEAR['Y']}{gap}{_MONTH}{gap}{_DAY}{after}"))
    shapes.append(Shape(rf"{_WEEKDAY}{_MONTH} {_DAY} {CLOCK}{ZONE} {_YEAR['Y']}"))  # ctime
    shapes.append(Shape(rf"{_WEEKDAY}{_MONTH} {_DAY} {CLOCK} {_YEAR['Y']}{ZONE}"))
    shapes.append(Shape(rf"{_MONTH}{gap}{_YEAR['Y']}"))
    shapes.append(Shape(rf"{_YEAR['Y']}{gap}{_MONTH}"))
    shapes.append(Shape(rf"(?P<y>\d\d)[-/ ]{_MONTH}[-/ ](?P<d>\d{{1,2}}){after}"))
    return shapes


def _periods() -> list[Shape]:
    shapes = []
    quarters = (r"(?:q|qtr|quarter) ?(?P<q>[1-4])", r"(?P<q>[1-4])\.? ?(?:q|qtr|quarter)")
    halves = (r"(?:h|s)(?P<h>[12])",)
    for name, year in _YEAR.items():
        for mark in (*quarters, *(halves if name == "Y" else ())):  # 12S2 is rather a code
            shapes.append(Shape(rf"{mark}[-/., _]{{0,2}}(?:of )?{year}"))
            shapes.append(Shape(rf"{year}[-/.,: _]{{0,2}}{mark}"))
        shapes.append(Shape(rf"{year}[-/.,: _]{{0,2}}{_WEEK}(?P<V>\d{{1,2}})(?:[-.]?(?P<u>[1-7]))?"))
        shapes.append(Shape(rf"{_WEEK}(?P<V>\d{{1,2}})[-/., _]{{0,2}}(?:of )?{year}"))
    iso = rf"{_YEAR['Y']}(?:-W(?P<V>\d{{2}})-(?P<u>[1-7])|W(?P<V2>\d{{2}})(?P<u2>[1-7]))"
    return [
        *shapes,
        Shape(rf"{iso}T{CLOCK}{ZONE}"),
        Shape(rf"{_YEAR['Y']}[-/: ]?m(?P<m>\d{{1,2}})"),
        Shape(rf"m(?P<m>\d{{1,2}})[-/ ]{_YEAR['Y']}"),
        Shape(rf"{_YEAR['Y']}[-/](?P<j>\d{{3}})(?:[t ]{CLOCK}{ZONE})?"),
        Shape(rf"{_NUMBER} ?[-/. ] ?{_YEAR['Y']}"),
    ]


YEAR_MONTH = Shape(rf"{_YEAR['Y']} ?[-/. ] ?{_NUMBER}")
"""A year and a month, such as 2024-01. `2000/01` may be a fiscal year."""

MONTH_YEAR = Shape(rf"{_MONTH}[-/., _]{{0,2}}{_YEAR['y']}")
"""A month and a year of two digits, such as Jan-15. `Jan 31` may be a day of January."""

YEAR_OF_TWO_MONTH = Shape(rf"{_YEAR['y']}[-/., _]{{0,2}}{_MONTH}")
"""A year of two digits and a month, such as 65-Jan. `15-Jan` may be a day of January."""

TWO_NUMBERS = Shape(r"(?P<A>\d{1,2})[-/. ](?P<B>\d{1,2})", ("my", "ym"))
"""A month and a year of two digits, such as 01/95. `01/24` may be a day and a month."""

SHAPES = (*_dates(), *_named(), *_periods())
"""All other forms, the most common ones first. A text of one form has at most one reading, apart from its `orders`."""
