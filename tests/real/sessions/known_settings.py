"""Every setting that a database, a role or an environment can give a session, and why it is safe.

What is in neither table, and not pinned by the program, fails a test: somebody has to think of it.
"""

BY_BEGINNING = {
    "default_transaction_isolation": "each BEGIN says it",
    "default_transaction_deferrable": "each BEGIN says it",
    "transaction_isolation": "each BEGIN says it",
    "transaction_deferrable": "each BEGIN says it",
}

LEFT = {
    "default_transaction_read_only": "an operator's way to keep writers out: it is waited for",
    "transaction_read_only": "the same",
    "search_path": "which schema is used is the operator's to say",
    "idle_session_timeout": "a session that was ended is opened again before it is used",
    "default_tablespace": "where tables lie is the operator's to say",
    "default_table_access_method": "the same",
    "temp_tablespaces": "the same",
}

HARMLESS = {
    "application_name": "a label",
    "backslash_quote": "of no account while standard_conforming_strings is on",
    "check_function_bodies": "looked at once, as a function is made",
    "client_connection_check_interval": "when the server notices that we are gone",
    "client_min_messages": "notices are not read",
    "createrole_self_grant": "the owner of roles may grant them to himself anyway",
    "default_text_search_config": "no text search",
    "default_toast_compression": "how values are stored",
    "dynamic_library_path": "no libraries",
    "escape_string_warning": "a notice",
    "event_triggers": "the superuser's own",
    "extension_control_path": "no extensions",
    "extra_float_digits": "no floats are stored",
    "gin_fuzzy_search_limit": "no such index",
    "gin_pending_list_limit": "no such index",
    "icu_validation_level": "a notice",
    "lc_messages": "codes are read, never words",
    "lc_monetary": "no money",
    "lc_numeric": "nothing is formatted by the server",
    "lc_time": "nothing is formatted by the server",
    "lo_compat_privileges": "no large objects",
    "local_preload_libraries": "the operator's own libraries",
    "session_preload_libraries": "the operator's own libraries",
    "md5_password_warnings": "a notice",
    "password_encryption": "no passwords are set",
    "quote_all_identifiers": "only of what the server prints of definitions",
    "restrict_nonsystem_relation_kind": "the program reads tables, no view",
    "scram_iterations": "no passwords are set",
    "synchronize_seqscans": "nothing is listed without an ORDER BY",
    "tcp_keepalives_count": "when the server notices that we are gone",
    "tcp_keepalives_idle": "when the server notices that we are gone",
    "tcp_keepalives_interval": "when the server notices that we are gone",
    "tcp_user_timeout": "when the server notices that we are gone",
    "timezone_abbreviations": "no zone is abbreviated",
    "xmlbinary": "no XML",
    "xmloption": "no XML",
}

HARMLESS_CATEGORIES = {
    "Developer Options": "for those who work on the server",
    "Lock Management": "when a deadlock is looked for",
    "Query Tuning": "how an answer is found, and not which",
    "Replication": "of replicas' own sessions",
    "Reporting and Logging": "the server's log",
    "Resource Usage": "how much an answer may use; what it may not is an error, and waited for",
    "Statistics": "what the server counts",
    "Vacuuming": "the server's own work",
    "Write-Ahead Log": "how the log is written; synchronous_commit is corrected",
}
"""By the beginning of PostgreSQL's own category."""
