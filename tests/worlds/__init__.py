"""What several test modules live in: clinics, registries, settings, records, and models of them."""
