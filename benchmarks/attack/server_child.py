"""`segue serve` as a child process: its port, the peak of its memory, and how it ends."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from threading import Thread

SECONDS = 20
"""What a request may compute, as the server is told; the attack allows as many seconds more."""


class Child:
    """A server in a process of its own, with a token.

    Args:
        home: A folder for its token.
        arguments: Options of `segue serve`.
    """

    def __init__(self, home: Path, *arguments: str) -> None:
        self.token, file = "a-token-of-the-attack", home / "token"
        file.write_text(f"{self.token}\n", encoding="ascii")
        limits = ["--max-seconds", str(SECONDS), "--threads", "1", "--token-file", str(file)]
        command = [sys.executable, "-m", "segue", "serve", "--port", "0", *limits, *arguments]
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        assert self._process.stderr is not None
        self.port = int(json.loads(self._process.stderr.readline())["port"])
        self.failures = list[str]()
        self._reader = Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        """Keeps lines of errors and what is not JSON, and empties the pipe, so that the server never waits for it."""
        assert self._process.stderr is not None
        for line in self._process.stderr:
            if not line.startswith("{") or '"level": "error"' in line:
                self.failures.append(line.strip())

    def peak(self) -> float:
        """The largest resident set so far, in megabytes; 0 if the process has ended."""
        try:
            status = Path(f"/proc/{self._process.pid}/status").read_text(encoding="ascii")
        except OSError:
            return 0.0
        found = [int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")]
        return found[0] / 1024 if found else 0.0

    def end(self, number: signal.Signals = signal.SIGKILL) -> int:
        """Sends a signal, waits for the end, and returns the status of the process."""
        os.kill(self._process.pid, number)
        status = self._process.wait(60)
        self._reader.join(5)
        return status
