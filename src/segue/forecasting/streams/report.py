"""The report of an update: which rows a stream applied, and which it did not."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields

from segue.forecasting.streams.memory import Id


@dataclass(frozen=True)
class Report:
    """Counts of the rows of one update; each mapping has the names of series and their numbers of rows or steps.

    Attributes:
        new: The series that were not known before.
        added: Rows newer than all known ones, with or without a value.
        late: Older rows that gave a value to a step without one.
        repeated: Older rows of a step whose value was known, or without a value; they are not applied.
        differing: Those repeated rows whose value differs from the known one, or is missing where one is known.
        too_old: Rows older than all kept steps; they are not applied.
        skipped: Steps before or between added rows for which no row came; they are missing values.
    """

    new: tuple[Id, ...] = ()
    added: Mapping[Id, int] = field(default_factory=dict)
    late: Mapping[Id, int] = field(default_factory=dict)
    repeated: Mapping[Id, int] = field(default_factory=dict)
    differing: Mapping[Id, int] = field(default_factory=dict)
    too_old: Mapping[Id, int] = field(default_factory=dict)
    skipped: Mapping[Id, int] = field(default_factory=dict)

    def __str__(self) -> str:
        """One line with all counts above zero, and always that of added rows."""
        counts = {item.name: getattr(self, item.name) for item in fields(self)[1:]}
        parts = [
            f"{sum(count.values())} {name.replace('_', ' ')} in {len(count)} series"
            for name, count in counts.items()
            if count or name == "added"
        ]
        return ", ".join([*parts, f"{len(self.new)} new series"] if self.new else parts)
