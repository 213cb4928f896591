-- A Spock database as its own scripts declare it. Every date and time is TEXT, booleans are 0/1,
-- and the foreign keys are never enforced: the program never turns the pragma on.

CREATE TABLE tickers (
    ticker TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    name_eng TEXT,
    exchange TEXT NOT NULL,
    region TEXT NOT NULL,
    currency TEXT NOT NULL DEFAULT 'KRW',
    asset_type TEXT NOT NULL DEFAULT 'STOCK',
    listing_date TEXT,
    lot_size INTEGER DEFAULT 1,
    sector_code TEXT,
    is_active BOOLEAN DEFAULT 1,
    delisting_date TEXT,
    created_at TEXT NOT NULL,
    last_updated TEXT NOT NULL,
    enriched_at TEXT,
    data_source TEXT,
    market_tier TEXT DEFAULT 'MAIN'
);

CREATE TABLE stock_details (
    ticker TEXT PRIMARY KEY,
    sector TEXT,
    sector_code TEXT,
    industry TEXT,
    industry_code TEXT,
    is_spac BOOLEAN DEFAULT 0,
    is_preferred BOOLEAN DEFAULT 0,
    par_value INTEGER,
    region TEXT,
    created_at TEXT NOT NULL,
    last_updated TEXT NOT NULL,
    enriched_at TEXT,
    FOREIGN KEY (ticker) REFERENCES tickers(ticker) ON DELETE CASCADE
);

CREATE TABLE etfs (
    ticker TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    name_eng TEXT,
    region TEXT NOT NULL,
    exchange TEXT,
    category TEXT,
    subcategory TEXT,
    tracking_index TEXT,
    total_assets REAL,
    expense_ratio REAL,
    listed_shares INTEGER,
    issuer TEXT,
    inception_date TEXT,
    leverage_ratio REAL,
    is_inverse BOOLEAN,
    currency_hedged BOOLEAN,
    tracking_error_20d REAL,
    tracking_error_60d REAL,
    tracking_error_120d REAL,
    tracking_error_250d REAL,
    premium_discount REAL,
    avg_daily_volume REAL,
    avg_daily_value REAL,
    created_at TEXT NOT NULL,
    last_updated TEXT NOT NULL,
    data_source TEXT
);

CREATE TABLE etf_details (
    ticker TEXT PRIMARY KEY,
    issuer TEXT,
    inception_date TEXT,
    underlying_asset_class TEXT,
    tracking_index TEXT NOT NULL,
    geographic_region TEXT,
    sector_theme TEXT,
    fund_type TEXT,
    aum BIGINT,
    listed_shares BIGINT,
    underlying_asset_count INTEGER,
    expense_ratio REAL NOT NULL,
    ter REAL,
    leverage_ratio TEXT,
    currency_hedged BOOLEAN,
    tracking_error_20d REAL,
    tracking_error_60d REAL,
    tracking_error_120d REAL,
    tracking_error_250d REAL,
    week_52_high INTEGER,
    week_52_low INTEGER,
    pension_eligible BOOLEAN,
    investment_strategy TEXT,
    created_at TEXT NOT NULL,
    last_updated TEXT NOT NULL,
    data_source TEXT DEFAULT 'ETFCheck',
    FOREIGN KEY (ticker) REFERENCES tickers(ticker) ON DELETE CASCADE
);

CREATE TABLE etf_holdings (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    etf_ticker TEXT NOT NULL,
    stock_ticker TEXT NOT NULL,
    weight REAL NOT NULL,
    shares INTEGER,
    market_value REAL,
    rank_in_etf INTEGER,
    weight_change_from_prev REAL,
    as_of_date TEXT NOT NULL,
    created_at TEXT NOT NULL,
    data_source TEXT,
    UNIQUE (etf_ticker, stock_ticker, as_of_date),
    FOREIGN KEY (etf_ticker) REFERENCES etfs(ticker),
    FOREIGN KEY (stock_ticker) REFERENCES tickers(ticker)
);

CREATE TABLE ohlcv_data (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    ticker TEXT NOT NULL,
    timeframe TEXT NOT NULL,
    date TEXT NOT NULL,
    region TEXT,
    open REAL NOT NULL,
    high REAL NOT NULL,
    low REAL NOT NULL,
    close REAL NOT NULL,
    volume BIGINT NOT NULL,
    ma5 REAL,
    ma20 REAL,
    ma60 REAL,
    ma120 REAL,
    ma200 REAL,
    rsi_14 REAL,
    macd REAL,
    macd_signal REAL,
    macd_hist REAL,
    bb_upper REAL,
    bb_middle REAL,
    bb_lower REAL,
    atr_14 REAL,
    atr REAL,
    volume_ma20 REAL,
    volume_ratio REAL,
    created_at TEXT NOT NULL,
    UNIQUE (ticker, region, timeframe, date),
    FOREIGN KEY (ticker) REFERENCES tickers(ticker)
);

CREATE TABLE ticker_fundamentals (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    ticker TEXT NOT NULL,
    date TEXT NOT NULL,
    period_type TEXT NOT NULL,
    fiscal_year INTEGER,
    shares_outstanding BIGINT,
    market_cap BIGINT,
    close_price REAL,
    per REAL,
    pbr REAL,
    psr REAL,
    pcr REAL,
    ev BIGINT,
    ev_ebitda REAL,
    dividend_yield REAL,
    dividend_per_share REAL,
    created_at TEXT NOT NULL,
    data_source TEXT,
    total_assets BIGINT,
    total_liabilities BIGINT,
    total_equity BIGINT,
    revenue BIGINT,
    operating_profit BIGINT,
    net_income BIGINT,
    ebitda BIGINT,
    cogs BIGINT,
    gross_profit BIGINT,
    depreciation BIGINT,
    interest_expense BIGINT,
    current_assets BIGINT,
    current_liabilities BIGINT,
    inventory BIGINT,
    accounts_receivable BIGINT,
    cash_and_equivalents BIGINT,
    operating_cash_flow BIGINT,
    capital_expenditure BIGINT,
    UNIQUE (ticker, fiscal_year, period_type),
    FOREIGN KEY (ticker) REFERENCES tickers(ticker)
);

CREATE TABLE technical_analysis (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    ticker TEXT NOT NULL,
    analysis_date TEXT NOT NULL,
    stage INTEGER,
    stage_confidence REAL,
    layer1_macro_score REAL,
    layer2_structural_score REAL,
    layer3_micro_score REAL,
    total_score REAL,
    signal TEXT,
    signal_strength REAL,
    gpt_pattern TEXT,
    gpt_confidence REAL,
    gpt_analysis TEXT,
    created_at TEXT NOT NULL,
    UNIQUE (ticker, analysis_date),
    FOREIGN KEY (ticker) REFERENCES tickers(ticker)
);

CREATE TABLE trades (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    ticker TEXT NOT NULL,
    region TEXT NOT NULL DEFAULT 'KR',
    side TEXT NOT NULL,
    order_type TEXT NOT NULL,
    quantity INTEGER NOT NULL,
    entry_price REAL,
    exit_price REAL,
    price REAL NOT NULL,
    amount REAL NOT NULL,
    fee REAL DEFAULT 0,
    tax REAL DEFAULT 0,
    order_no TEXT,
    execution_no TEXT,
    entry_timestamp TEXT,
    exit_timestamp TEXT,
    order_time TEXT NOT NULL,
    execution_time TEXT,
    trade_status TEXT DEFAULT 'OPEN',
    sector TEXT,
    position_size_percent REAL,
    reason TEXT,
    created_at TEXT NOT NULL,
    FOREIGN KEY (ticker) REFERENCES tickers(ticker)
);

CREATE TABLE portfolio (
    ticker TEXT PRIMARY KEY,
    quantity INTEGER NOT NULL,
    avg_price REAL NOT NULL,
    current_price REAL,
    market_value REAL,
    unrealized_pnl REAL,
    unrealized_pnl_pct REAL,
    stop_loss_price REAL,
    profit_target_price REAL,
    entry_date TEXT NOT NULL,
    entry_score REAL,
    last_updated TEXT NOT NULL,
    FOREIGN KEY (ticker) REFERENCES tickers(ticker)
);

CREATE TABLE market_sentiment (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    date TEXT NOT NULL UNIQUE,
    vix REAL,
    fear_greed_index REAL,
    kospi_index REAL,
    kosdaq_index REAL,
    foreign_net_buying BIGINT,
    institution_net_buying BIGINT,
    usd_krw REAL,
    jpy_krw REAL,
    oil_price REAL,
    gold_price REAL,
    market_regime TEXT,
    sentiment_score REAL,
    created_at TEXT NOT NULL
);

CREATE TABLE global_market_indices (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    date TEXT NOT NULL,
    symbol TEXT NOT NULL,
    index_name TEXT NOT NULL,
    region TEXT NOT NULL,
    close_price REAL NOT NULL,
    open_price REAL,
    high_price REAL,
    low_price REAL,
    volume BIGINT,
    change_percent REAL NOT NULL,
    trend_5d TEXT,
    consecutive_days INTEGER,
    created_at TEXT NOT NULL,
    UNIQUE (date, symbol)
);

CREATE TABLE exchange_rate_history (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    currency TEXT NOT NULL,
    rate REAL NOT NULL,
    timestamp TEXT NOT NULL,
    rate_date TEXT NOT NULL,
    source TEXT,
    created_at TEXT DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE kelly_sizing (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    ticker TEXT NOT NULL,
    analysis_date TEXT NOT NULL,
    win_rate REAL,
    avg_win REAL,
    avg_loss REAL,
    kelly_fraction REAL,
    recommended_pct REAL,
    created_at TEXT NOT NULL,
    UNIQUE (ticker, analysis_date)
);

CREATE TABLE kelly_analysis (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    ticker TEXT NOT NULL,
    region TEXT,
    pattern TEXT,
    base_position REAL,
    quality_multiplier REAL,
    final_position REAL,
    reasoning TEXT,
    created_at TEXT NOT NULL
);

CREATE TABLE gpt_analysis (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    ticker TEXT NOT NULL,
    analysis_date TEXT NOT NULL,
    vcp_detected BOOLEAN,
    cup_handle_detected BOOLEAN,
    confidence REAL,
    reasoning TEXT,
    cost_usd REAL,
    model TEXT,
    created_at TEXT NOT NULL
);

CREATE TABLE filter_cache_stage0 (
    ticker TEXT NOT NULL,
    region TEXT NOT NULL,
    filter_date TEXT NOT NULL,
    market_cap BIGINT,
    trading_value BIGINT,
    current_price REAL,
    passed BOOLEAN,
    reason TEXT,
    created_at TEXT NOT NULL,
    PRIMARY KEY (ticker, region, filter_date)
);

CREATE TABLE filter_cache_stage1 (
    ticker TEXT NOT NULL,
    region TEXT NOT NULL,
    filter_date TEXT NOT NULL,
    ma_alignment BOOLEAN,
    rsi_14 REAL,
    macd_signal TEXT,
    passed BOOLEAN,
    created_at TEXT NOT NULL,
    PRIMARY KEY (ticker, region, filter_date)
);

CREATE TABLE filter_cache_stage2 (
    ticker TEXT NOT NULL,
    region TEXT NOT NULL,
    filter_date TEXT NOT NULL,
    total_score REAL,
    rank INTEGER,
    passed BOOLEAN,
    created_at TEXT NOT NULL,
    PRIMARY KEY (ticker, region, filter_date)
);

CREATE TABLE filter_execution_log (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    region TEXT,
    stage INTEGER NOT NULL,
    input_count INTEGER,
    output_count INTEGER,
    execution_time_ms INTEGER,
    error_message TEXT,
    executed_at TEXT DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE risk_limits (
    limit_name TEXT PRIMARY KEY,
    limit_value REAL NOT NULL,
    limit_type TEXT NOT NULL,
    description TEXT,
    is_enabled BOOLEAN DEFAULT 1,
    updated_at TEXT NOT NULL
);

CREATE TABLE circuit_breaker_logs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    breaker_type TEXT NOT NULL,
    trigger_value REAL,
    limit_value REAL,
    trigger_reason TEXT,
    metadata TEXT,
    triggered_at TEXT NOT NULL,
    resolved_at TEXT
);

CREATE TABLE portfolio_templates (
    template_id INTEGER PRIMARY KEY AUTOINCREMENT,
    template_name TEXT NOT NULL UNIQUE,
    template_name_kr TEXT,
    risk_level TEXT,
    target_allocation TEXT,
    rebalancing_method TEXT,
    drift_threshold REAL,
    is_active BOOLEAN DEFAULT 1,
    created_at TEXT NOT NULL
);

CREATE TABLE asset_class_holdings (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    template_name TEXT NOT NULL,
    asset_class TEXT NOT NULL,
    ticker TEXT NOT NULL,
    quantity REAL,
    avg_entry_price REAL,
    current_weight REAL,
    target_weight REAL,
    last_updated TEXT NOT NULL
);

CREATE TABLE allocation_drift_log (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    template_name TEXT NOT NULL,
    asset_class TEXT NOT NULL,
    target_percent REAL NOT NULL,
    current_percent REAL NOT NULL,
    drift_percent REAL NOT NULL,
    alert_level TEXT,
    recorded_at TEXT NOT NULL
);

CREATE TABLE rebalancing_history (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    template_name TEXT NOT NULL,
    trigger_type TEXT NOT NULL,
    pre_allocation TEXT NOT NULL,
    post_allocation TEXT,
    total_value REAL,
    status TEXT,
    executed_at TEXT NOT NULL
);

CREATE TABLE rebalancing_orders (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    rebalancing_id INTEGER NOT NULL,
    ticker TEXT NOT NULL,
    side TEXT NOT NULL,
    quantity REAL NOT NULL,
    price REAL,
    status TEXT,
    created_at TEXT NOT NULL,
    FOREIGN KEY (rebalancing_id) REFERENCES rebalancing_history(id)
);

CREATE TABLE kis_api_logs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    endpoint TEXT NOT NULL,
    method TEXT,
    status_code INTEGER,
    response_time_ms REAL,
    error_message TEXT,
    timestamp TEXT DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE migration_history (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    migration_name TEXT NOT NULL UNIQUE,
    applied_at TEXT DEFAULT CURRENT_TIMESTAMP,
    notes TEXT
);

CREATE TABLE balance_sheets (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    ticker TEXT NOT NULL,
    fiscal_year INTEGER NOT NULL,
    period_type TEXT NOT NULL,
    total_assets BIGINT,
    total_liabilities BIGINT,
    total_equity BIGINT,
    created_at TEXT NOT NULL,
    UNIQUE (ticker, fiscal_year, period_type)
);

CREATE TABLE income_statements (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    ticker TEXT NOT NULL,
    fiscal_year INTEGER NOT NULL,
    period_type TEXT NOT NULL,
    revenue BIGINT,
    operating_profit BIGINT,
    net_income BIGINT,
    eps REAL,
    created_at TEXT NOT NULL,
    UNIQUE (ticker, fiscal_year, period_type)
);

CREATE TABLE cash_flow_statements (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    ticker TEXT NOT NULL,
    fiscal_year INTEGER NOT NULL,
    period_type TEXT NOT NULL,
    operating_cash_flow BIGINT,
    investing_cash_flow BIGINT,
    financing_cash_flow BIGINT,
    free_cash_flow BIGINT,
    created_at TEXT NOT NULL,
    UNIQUE (ticker, fiscal_year, period_type)
);

CREATE TABLE financial_ratios (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    ticker TEXT NOT NULL,
    fiscal_year INTEGER NOT NULL,
    period_type TEXT NOT NULL,
    roe REAL,
    roa REAL,
    debt_ratio REAL,
    current_ratio REAL,
    operating_margin REAL,
    created_at TEXT NOT NULL,
    UNIQUE (ticker, fiscal_year, period_type)
);

CREATE TABLE stock_sentiment (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    ticker TEXT NOT NULL,
    date TEXT NOT NULL,
    news_count INTEGER,
    sentiment_score REAL,
    headline TEXT,
    created_at TEXT NOT NULL
);

CREATE TABLE corporate_actions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    ticker TEXT NOT NULL,
    region TEXT NOT NULL,
    action_type TEXT NOT NULL,
    ex_date TEXT NOT NULL,
    ratio REAL,
    cash_amount REAL,
    created_at TEXT NOT NULL
);

CREATE TABLE failed_tickers (
    ticker TEXT PRIMARY KEY,
    region TEXT,
    attempts INTEGER NOT NULL DEFAULT 0,
    last_error TEXT,
    last_attempt TEXT NOT NULL
);
