"""Compare every value of the source with raw and with public.

Built apart from the loader's reader and dbt's macros on purpose: agreement of two independent readings is the proof.
"""
