"""Measurements that `make` runs on demand, on real engines and generated databases of the real size."""
