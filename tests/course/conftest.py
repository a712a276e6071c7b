"""The steps of the course import each other by file name, as `python course/step_04_self_attention.py` does."""

import sys
from pathlib import Path

COURSE = Path(__file__).parents[2] / "course"
sys.path.insert(0, str(COURSE))
