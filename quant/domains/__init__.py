"""What the platform asks and writes, one module a domain; they run on either manager."""

from quant.domains.analysis import Analysis
from quant.domains.details import Details
from quant.domains.market import Market
from quant.domains.prices import Prices
from quant.domains.strategies import Strategies
from quant.domains.tickers import Tickers
from quant.domains.trading import Trading


class Domains(Tickers, Prices, Details, Analysis, Trading, Market, Strategies):
    """All domains together."""


__all__ = ["Domains"]
