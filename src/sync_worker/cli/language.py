"""The language that errors are told in: found also where the settings are what is wrong."""

from collections.abc import Mapping

from sync_worker.config.sources import SECRETS_DIR, read_settings, variable
from sync_worker.language import Language, of_locale

_SETTING = variable("lang")


def language_of(environ: Mapping[str, str]) -> Language:
    """SYNC_WORKER_LANG where it names a language, wherever it is given; else the locale's."""
    places = {name: environ[name] for name in (_SETTING, SECRETS_DIR) if name in environ}
    given = read_settings(places, [_SETTING]).values.get(_SETTING)
    if given is not None and given.text in list(Language):
        return Language(given.text)
    return of_locale(environ)
