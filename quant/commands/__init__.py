"""The commands of `python -m quant`, a module each. They alone of this package import loader, dbt and expectations."""
