"""The course: ten steps from a series of numbers to a forecaster whose attention can be looked at.

Read the steps in order; each one adds one concept and ends with a question that the next one answers. A step imports
from the steps before it by their plain file names. That works for `python course/step_02_linear_baseline.py`, where
Python looks in the folder of the script, and the line below makes it work for `python -m course.step_02_...` as well.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
