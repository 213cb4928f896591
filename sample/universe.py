"""Who is listed where: codes, names and regions, in the shapes that the real database has.

`tickers` has the ticker alone as its key. So a Vietnamese code that an American company has too cannot
stand there; it lives in child tables only (`collisions`). Korean codes with prices and details but without
a parent are `orphans`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from string import ascii_uppercase

import numpy as np

from sample.options import Options, orphan_details, orphan_prices, tickers_by_region

CURRENCIES = {"KR": "KRW", "US": "USD", "JP": "JPY", "HK": "HKD", "CN": "CNY", "VN": "VND"}
_EXCHANGES = {
    "KR": ("KOSPI", "KOSDAQ"),
    "US": ("NASDAQ", "NYSE", "AMEX"),
    "JP": ("TSE",),
    "HK": ("HKEX",),
    "CN": ("SSE", "SZSE"),
    "VN": ("HOSE", "HNX"),
}

# Codes that every database has, first in their region: known companies and the shapes that parsers stumble
# over.
KNOWN_STOCKS: dict[str, dict[str, str]] = {
    "KR": {
        "005930": "삼성전자",
        "000660": "SK하이닉스",
        "035420": "NAVER",
        "33626L": "두산2우B(전환)",
        "00088K": "한화3우B",
        "005380": "현대차",
        "035720": "카카오",
    },
    "US": {
        "AAPL": "Apple Inc.",
        "ACB": "Aurora Cannabis",
        "NA": "Nano Labs",
        "TRUE": "TrueCar, Inc.",
        "ARM": "Arm Holdings plc",
        "HUT": "Hut 8 Corp.",
        "ABR/D": "Arbor Realty Trust Pfd D",
        "MSFT": "Microsoft Corporation",
    },
    "JP": {
        "7203": "トヨタ自動車",
        "130A": "Veritas In Silico",
        "6758": "ソニーグループ",
        "9984": "ソフトバンクグループ",
    },
    "HK": {"0700.HK": "腾讯控股", "9988.HK": "阿里巴巴", "0005.HK": "匯豐控股", "1299.HK": "友邦保險"},
    "CN": {"600519.SS": "贵州茅台", "1.SZ": "平安银行", "300750.SZ": "宁德时代", "2.SZ": "万科A"},
    "VN": {"VNM": "Vinamilk", "FPT": "FPT Corporation", "HPG": "Hòa Phát", "VCB": "Vietcombank"},
}
KNOWN_ETFS: dict[str, dict[str, str]] = {
    "KR": {
        "069500": "KODEX 200",
        "0001A0": "RISE 미국AI밸류체인데일리고정커버드콜",
        "122630": "KODEX 레버리지",
    },
    "US": {"SPY": "SPDR S&P 500 ETF Trust", "QQQ": "Invesco QQQ Trust"},
}
COLLIDING = ("ACB", "ARM", "HUT")

_KOREAN = (
    "한국",
    "대한",
    "삼성",
    "현대",
    "신성",
    "동아",
    "태양",
    "미래",
    "우리",
    "제일",
    "동원",
    "서울",
    "부산",
    "금호",
)
_KOREAN_MIDDLE = (
    "",
    "바이오",
    "테크",
    "에너지",
    "소프트",
    "메디",
    "로보",
    "머티리얼",
    "엔터",
    "푸드",
    "캐피탈",
    "로직스",
)
_KOREAN_END = (
    "전자",
    "화학",
    "제약",
    "홀딩스",
    "산업",
    "건설",
    "증권",
    "중공업",
    "시스템즈",
    "우",
    "스팩1호",
)
_BRANDS = ("KODEX", "TIGER", "RISE", "ACE", "SOL", "HANARO", "PLUS")
_THEMES = (
    "반도체",
    "2차전지산업",
    "미국S&P500",
    "미국나스닥100(H)",
    "고배당",
    "코스닥150",
    "국고채10년",
    "인버스",
    "AI테크",
)
_FOREIGN = (
    "Pacific",
    "Global",
    "United",
    "First",
    "Golden",
    "Dragon",
    "Nippon",
    "Saigon",
    "Eastern",
    "Delta",
    "Apex",
)
_FOREIGN_END = (
    "Holdings",
    "Bancorp",
    "Therapeutics",
    "Energy",
    "Steel",
    "Semiconductor",
    "Realty Trust",
    "Foods",
    "& Co.",
)


@dataclass(frozen=True, slots=True)
class Listing:
    """One security; `known` is False for one without a row in tickers."""

    ticker: str
    region: str
    name: str
    exchange: str
    is_etf: bool = False
    known: bool = True


@dataclass
class Universe:
    """All securities of one database.

    Attributes:
        listed: rows of `tickers`, the known codes of each region first.
        orphans: Korean securities with prices, but no row in `tickers`.
        detail_orphans: securities of several regions with stock_details only.
        collisions: Vietnamese codes that are American ones in `tickers`.
    """

    listed: list[Listing]
    orphans: list[Listing] = field(default_factory=list)
    detail_orphans: list[Listing] = field(default_factory=list)
    collisions: list[Listing] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._regions = {one.ticker: one.region for one in [*self.detail_orphans, *self.orphans, *self.listed]}
        self.parents = {(one.ticker, one.region) for one in self.listed}

    def region_of(self, ticker: str) -> str:
        """The region of a child that has none: its parent's, else the one that its code's shape tells."""
        return self._regions[ticker]

    def of(self, region: str, *, etf: bool | None = None) -> list[Listing]:
        """Listed securities of a region, all or only ETFs or only stocks."""
        return [one for one in self.listed if one.region == region and (etf is None or one.is_etf == etf)]


class _Codes:
    """Draws codes that no one else has."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self._taken: set[str] = set()

    def reserve(self, codes: list[str]) -> None:
        self._taken.update(codes)

    def draw(self, region: str, count: int, *, etf: bool = False) -> list[str]:
        found: list[str] = []
        while len(found) < count:
            for number, kind in zip(
                self._rng.integers(0, 10**9, count * 2).tolist(),
                self._rng.random(count * 2).tolist(),
                strict=True,
            ):
                code = _code(region, number, kind, etf)
                if code not in self._taken:
                    self._taken.add(code)
                    found.append(code)
                    if len(found) == count:
                        break
        return found


def _letters(number: int, length: int) -> str:
    text = ""
    for _ in range(length):
        number, place = divmod(number, 26)
        text += ascii_uppercase[place]
    return text


def _code(region: str, number: int, kind: float, etf: bool) -> str:
    """A code of the region's shape; `kind` in [0, 1) chooses between the common shape and the rare ones."""
    if region == "KR":
        if etf and kind < 0.1:
            return f"{number % 90:04d}{ascii_uppercase[number % 7]}0"
        if not etf and kind < 0.01:
            return f"{number % 90_000 + 100:05d}{'KLM'[number % 3]}"
        return f"{number % 49_000 + 20:05d}{5 if not etf and kind > 0.96 else 0}"
    if region == "JP":
        return f"{number % 800 + 130}{ascii_uppercase[number % 9]}" if kind < 0.04 else f"{number % 8600 + 1300}"
    if region == "HK":
        return f"{number % 9998 + 1:04d}.HK"
    if region == "CN":
        # Leading zeros of Shenzhen codes were lost upstream: 000001.SZ is 1.SZ.
        board = (600_000, 3_900, "SS") if kind < 0.5 else (1, 2_999, "SZ") if kind < 0.75 else (300_000, 1_600, "SZ")
        return f"{board[0] + number % board[1]}.{board[2]}"
    if region == "VN":
        return _letters(number, 3)
    if kind < 0.03:
        return f"{_letters(number, 3)}/{ascii_uppercase[number % 6]}"
    return _letters(number, 4 if kind < 0.68 else 3 if kind < 0.93 else 2)


def _exchange(region: str, ticker: str) -> str:
    if region == "CN":
        return "SSE" if ticker.endswith(".SS") else "SZSE"
    names = _EXCHANGES[region]
    return names[sum(map(ord, ticker)) % len(names)]


def _name(region: str, etf: bool, place: int) -> str:
    if region == "KR" and etf:
        return f"{_BRANDS[place % 7]} {_THEMES[place // 7 % 9]} {place // 63 or ''}".rstrip()
    if region == "KR":
        return f"{_KOREAN[place % 14]}{_KOREAN_MIDDLE[place // 14 % 12]}{_KOREAN_END[place // 168 % 11]}"
    if etf:
        return f"{_FOREIGN[place % 11]} Index ETF {place}"
    return f"{_FOREIGN[place % 11]} {_FOREIGN_END[place // 11 % 9]} {place // 99 or ''}".rstrip()


def _listings(codes: list[str], names: dict[str, str], region: str, *, etf: bool, known: bool = True) -> list[Listing]:
    return [
        Listing(code, region, names.get(code) or _name(region, etf, place), _exchange(region, code), etf, known)
        for place, code in enumerate(codes)
    ]


def make_universe(options: Options) -> Universe:
    """Draw every security of a database."""
    codes = _Codes(options.rng("universe"))
    for group in (*KNOWN_STOCKS.values(), *KNOWN_ETFS.values()):
        codes.reserve(list(group))
    listed: list[Listing] = []
    etf_share = {"KR": 893 / 1_364, "US": 168 / 6_388} if options.dirty else {"KR": 1_029 / 3_798, "US": 168 / 3_954}
    for region, count in tickers_by_region(options).items():
        stocks, etfs = KNOWN_STOCKS[region], KNOWN_ETFS.get(region, {})
        etf_count = max(len(etfs), round(count * etf_share.get(region, 0.0)))
        more = codes.draw(region, count - etf_count - len(stocks))
        listed += _listings([*stocks, *more], stocks, region, etf=False)
        more = codes.draw(region, etf_count - len(etfs), etf=True)
        listed += _listings([*etfs, *more], etfs, region, etf=True)
    if not options.dirty:
        return Universe(listed)

    etf_orphans = options.scaled(136, 2)
    orphans = _listings(codes.draw("KR", orphan_prices(options) - etf_orphans), {}, "KR", etf=False, known=False)
    orphans += _listings(codes.draw("KR", etf_orphans, etf=True), {}, "KR", etf=True, known=False)
    missing = orphan_details(options) - (orphan_prices(options) - etf_orphans)
    detail_orphans: list[Listing] = []
    # Other markets only where the code itself tells the market: a bare US code could be Vietnamese.
    for region, share in (("JP", 0.13), ("HK", 0.1), ("CN", 0.1), ("KR", 1.0)):
        count = missing - len(detail_orphans) if region == "KR" else round(missing * share)
        detail_orphans += _listings(codes.draw(region, count), {}, region, etf=False, known=False)

    american = [one.ticker for one in listed if one.region == "US" and len(one.ticker) == 3 and one.ticker.isalpha()]
    spare = [code for code in american if code not in COLLIDING and code not in KNOWN_ETFS["US"]]
    colliding = [*COLLIDING, *spare[: options.scaled(139, 3) - len(COLLIDING)]]
    collisions = _listings(colliding, {}, "VN", etf=False, known=False)
    return Universe(listed, orphans, detail_orphans, collisions)
