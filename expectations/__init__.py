"""The verdict: does the target hold what the source holds, in order and whole?"""
