"""What is true of clinics, as pure functions and values: no I/O, no clock, no log, no library."""
