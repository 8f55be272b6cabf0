"""The domain: clinics, their facts and rules. Pure: no I/O, no clock, no log, no library."""
