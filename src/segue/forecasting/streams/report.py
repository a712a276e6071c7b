"""A report of what became of the rows that a stream was fed."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields

from segue.forecasting.streams.memory import Id


@dataclass(frozen=True)
class Report:
    """What became of the rows of one update; each mapping names the series it concerns and counts their steps.

    Attributes:
        new: The series that were not known before.
        added: Rows newer than what was known, with a value or without.
        late: Older rows that filled a step without a value.
        repeated: Rows of a step that was known already; they are not applied.
        differing: Those of the repeated rows that had another value.
        too_old: Rows older than what a stream keeps; they are not applied.
        skipped: Steps between the rows added, or before them, for which no row came; they are missing values.
    """

    new: tuple[Id, ...] = ()
    added: Mapping[Id, int] = field(default_factory=dict)
    late: Mapping[Id, int] = field(default_factory=dict)
    repeated: Mapping[Id, int] = field(default_factory=dict)
    differing: Mapping[Id, int] = field(default_factory=dict)
    too_old: Mapping[Id, int] = field(default_factory=dict)
    skipped: Mapping[Id, int] = field(default_factory=dict)

    def __str__(self) -> str:
        """One line; what did not happen is left out."""
        counts = {item.name: getattr(self, item.name) for item in fields(self)[1:]}
        parts = [
            f"{sum(count.values())} {name.replace('_', ' ')} in {len(count)} series"
            for name, count in counts.items()
            if count or name == "added"
        ]
        return ", ".join([*parts, f"{len(self.new)} new series"] if self.new else parts)
