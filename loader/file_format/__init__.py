"""SQLite's file format, read without SQLite: which pages hold a window, and the records in them."""
