"""Where records come from. Knows no clinic, no event and no database."""
