"""Clocks, and the offsets and names of zones behind them, as patterns. The local clock is kept, so none is converted."""

_ABBREVIATIONS = (
    "utc|gmt|ut|cet|cest|met|mest|mez|mesz|eet|eest|wet|west|bst|ist|msk|msd|est|edt|cst|cdt|mst|mdt|pst|pdt|akst|akdt|"
    "hst|jst|kst|hkt|sgt|pkt|sast|aest|aedt|acst|acdt|awst|nzst|nzdt|brt|art"
)
_OFFSET = r"[+\x{2212}-](?P<O>\d{1,2})(?::?(?P<o>\d{2}))?(?::\d{2})?"
_REGION = r"[a-z]+/[a-z_]+(?:/[a-z_]+)?"
ZONE = (
    rf"(?: ?(?:z|(?:utc|gmt)? ?{_OFFSET}|{_ABBREVIATIONS}|{_REGION}))?(?: ?\[[a-z0-9_+/-]+\])?(?: ?\([a-z .,'+-]+\))?"
)
"""What may follow a clock: `Z`, `+01`, `+0100`, `+01:00`, `GMT+1`, `CET`, `Europe/Berlin`, `+01:00[Europe/Berlin]`."""

_FRACTION = r"(?:[.,](?P<f>\d{1,12}))?"
CLOCK = (
    rf"(?:(?P<H>\d{{1,2}})(?:[:.h](?P<M>\d{{2}})(?:[:.](?P<S>\d{{2}}){_FRACTION})?)? ?(?:h|(?P<p>[ap]\.? ?m\.?))?"
    rf"|(?P<H2>\d{{2}})(?P<M2>\d{{2}})(?:(?P<S2>\d{{2}})(?:[.,](?P<f2>\d{{1,12}}))?)?)"
)
"""A clock: `9:05`, `09.05.30`, `9h05`, `9 AM`, `09:05:30,123`, `0905`, `090530`."""

_DASHED = r"-(?P<H3>\d{2})(?:[:.](?P<M3>\d{2})[:.](?P<S3>\d{2})(?:[.,](?P<f3>\d{1,12}))?|(?P<M4>\d{2})(?P<S4>\d{2})?)"
_DATE_ZONE = r"z|[+-]\d{2}:\d{2}"
AFTER_DATE = rf"(?:(?: ?t ?|_| |, ?| ?@ ?|:| - | at ){CLOCK}{ZONE}|{_DASHED}|{_DATE_ZONE})?"
"""What may follow a date: nothing, a clock and a zone, or the zone of a whole day as in XML."""
