"""Money: counts times rates, a ledger, a cash flow, a net present value. Knows no engine's workings."""
