"""Counts and times of requests, in the text format of Prometheus."""

from collections import Counter
from importlib.metadata import version
from threading import Lock

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""Upper bounds of times in seconds."""


class Metrics:
    """What a server has done since it started; any number of threads may count."""

    def __init__(self) -> None:
        self._lock, self._version = Lock(), version("segue")
        self._requests: Counter[tuple[str, int]] = Counter()
        self._within: Counter[tuple[str, float]] = Counter()
        self._seconds: Counter[str] = Counter()
        self._series = self._values = self._open = 0

    def opened(self) -> int:
        """Counts a request that has come, and returns how many are open."""
        with self._lock:
            self._open += 1
            return self._open

    def closed(self, route: str, status: int, seconds: float) -> None:
        """Counts a request that is answered.

        Args:
            route: The path of the route, without names that a client chose.
            status: The status of HTTP.
            seconds: From its coming to its answer.
        """
        with self._lock:
            self._open -= 1
            self._requests[route, status] += 1
            self._seconds[route] += seconds  # type: ignore[assignment]  # a counter adds floats as well
            for bound in BUCKETS:
                self._within[route, bound] += seconds <= bound

    def computed(self, series: int, values: int) -> None:
        """Counts what was computed: series, and the values of their answers."""
        with self._lock:
            self._series += series
            self._values += values

    @property
    def requests(self) -> int:
        """How many requests were answered."""
        with self._lock:
            return sum(self._requests.values())

    def text(self) -> str:
        """All counts as Prometheus reads them."""
        with self._lock:
            lines = [
                "# TYPE segue_info gauge",
                f'segue_info{{version="{self._version}"}} 1',
                "# TYPE segue_open_requests gauge",
                f"segue_open_requests {self._open}",
                "# TYPE segue_series_total counter",
                f"segue_series_total {self._series}",
                "# TYPE segue_values_total counter",
                f"segue_values_total {self._values}",
                "# TYPE segue_requests_total counter",
            ]
            lines += [
                f'segue_requests_total{{route="{route}",status="{status}"}} {count}'
                for (route, status), count in sorted(self._requests.items())
            ]
            lines.append("# TYPE segue_request_seconds histogram")
            for route in sorted(self._seconds):
                lines += self._histogram(route)
            return "\n".join(lines) + "\n"

    def _histogram(self, route: str) -> list[str]:
        name = "segue_request_seconds"
        count = sum(number for (own, _), number in self._requests.items() if own == route)
        within = [f'{name}_bucket{{route="{route}",le="{b:g}"}} {self._within[route, b]}' for b in BUCKETS]
        total = [f'{name}_bucket{{route="{route}",le="+Inf"}} {count}', f'{name}_count{{route="{route}"}} {count}']
        return [*within, *total, f'{name}_sum{{route="{route}"}} {self._seconds[route]:.6f}']
