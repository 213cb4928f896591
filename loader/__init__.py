"""SQLite to PostgreSQL: the loader, the embedded engine and the sample database.

`python -m loader.run` copies every table of one SQLite file into the schema `raw`.
"""

import os

# NumPy starts a thread for each core to multiply matrices; nothing here does, and they spin while they wait.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
