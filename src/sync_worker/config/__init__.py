"""Settings: where they come from, what they may be, and what is secret of them."""
