"""How tables are read, and what a backtest says of them, measured on many tables that are made here."""
