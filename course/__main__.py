"""`python -m course` runs the ten steps in order, each as a process of its own, and prints how long they took."""

import subprocess
import sys
import time
from pathlib import Path


def main() -> None:
    start = time.perf_counter()
    for path in sorted(Path(__file__).parent.glob("step_*.py")):
        begun = time.perf_counter()
        print(f"\n======== {path.name}\n", flush=True)
        subprocess.run([sys.executable, path], check=True)
        print(f"\n({time.perf_counter() - begun:.0f} seconds)", flush=True)
    print(f"\nAll steps: {time.perf_counter() - start:.0f} seconds.")


if __name__ == "__main__":
    main()
