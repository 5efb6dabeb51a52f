"""Settings that must stand before numpy is imported."""

from __future__ import annotations

import os

# as the program itself does: one thread, and so one order of summation and the same bits
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
