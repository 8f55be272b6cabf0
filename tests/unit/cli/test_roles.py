"""`db roles` where there are none."""


def test_roles_on_sqlite_are_refused_with_what_there_is_instead(populated, sync_worker):
    for line in (["db", "roles"], ["db", "roles", "--apply"]):
        told = sync_worker(*line, "-o", "json")
        assert (told.exit_code, told.stdout) == (2, "")
        assert "permissions of its file" in told.error["message"]
