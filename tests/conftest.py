"""One thread for the whole run: on tensors this small, threads cost more than they save, most on a busy machine."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch is imported; subprocesses inherit it
