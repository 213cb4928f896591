"""SQLite to PostgreSQL: the loader, the embedded engine and the sample database.

`python -m loader.run` copies every table of one SQLite file into the schema `raw`.
"""
