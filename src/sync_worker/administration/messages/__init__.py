"""What people are told, in Swedish and in English: one catalogue."""
