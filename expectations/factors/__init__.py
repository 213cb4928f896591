"""Factor scores, worked out again in Python from prices and reports: nothing here is read from the models' SQL."""
