"""What PostgreSQL's catalog says of the declared tables, held against their declaration by definition, not by name."""
