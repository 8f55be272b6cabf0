"""How people sign in: at an identity provider, behind a trusted proxy, or by choice when trying."""
