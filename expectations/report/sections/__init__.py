"""What each section of a report tells: the verdict and the facts as tables, pictures and numbers for its template."""
