"""How the clients of Kafka show who they are, built from the settings."""

import ssl
from pathlib import Path

from sync_worker.cli import secrecy
from sync_worker.cli.environment import variable
from sync_worker.cli.settings import Settings
from sync_worker.errors import Exit, UserError
from sync_worker.files import small
from sync_worker.registry.address import is_encrypted
from sync_worker.stream.kafka_settings import Security
from sync_worker.stream.tokens import ClientCredentials, TokenFile

_SSL_FILES = ("kafka_ssl_cafile", "kafka_ssl_certfile", "kafka_ssl_keyfile")


def security(settings: Settings) -> Security:
    """What is shown to the brokers; secrets are read again before each login.

    Raises:
        UserError: a file that is named cannot be used: the client would try for ever, and say
            that no broker answers.
    """
    problems = _unreadable(settings) or _unusable(settings)
    if problems:
        raise UserError(
            Exit.USAGE,
            " ".join(problems),
            why="Without it there is no connection to Kafka.",
            hint="Correct the path, or let the user that this runs as read the file.",
            code="configuration",
        )
    password = settings.kafka_sasl_password
    key_password = settings.kafka_ssl_key_password
    stated = None if password is None else password.get_secret_value()
    return Security(
        protocol=settings.kafka_security_protocol,
        sasl_mechanism=settings.kafka_sasl_mechanism,
        sasl_username=settings.kafka_sasl_username,
        sasl_password=stated,
        renewed_password=None if stated is None else secrecy.Renewed("kafka_sasl_password", stated),
        token=_token(settings),
        ssl_cafile=settings.kafka_ssl_cafile,
        ssl_certfile=settings.kafka_ssl_certfile,
        ssl_keyfile=settings.kafka_ssl_keyfile,
        ssl_key_password=None if key_password is None else key_password.get_secret_value(),
    )


def _token(settings: Settings) -> TokenFile | ClientCredentials | None:
    if settings.kafka_sasl_oauth_token_file is not None:
        return TokenFile(Path(settings.kafka_sasl_oauth_token_file))
    url, client_id = settings.kafka_sasl_oauth_token_url, settings.kafka_sasl_oauth_client_id
    secret = settings.kafka_sasl_oauth_client_secret
    if url is None or client_id is None or secret is None:
        return None
    renewed = secrecy.Renewed("kafka_sasl_oauth_client_secret", secret.get_secret_value())
    return ClientCredentials(url, client_id, renewed, settings.kafka_sasl_oauth_scope)


def _unreadable(settings: Settings) -> list[str]:
    named = {name: getattr(settings, name) for name in _SSL_FILES}
    return [
        f"{variable(name)} names {file}, which cannot be read: {problem}."
        for name, file in named.items()
        if file is not None and (problem := _problem(Path(file)))
    ]


def _unusable(settings: Settings) -> list[str]:
    """What OpenSSL says of the files, before it says so at each connection."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    problems = []
    cafile, certfile = settings.kafka_ssl_cafile, settings.kafka_ssl_certfile
    try:
        if cafile is not None:
            context.load_verify_locations(cafile)
    except ssl.SSLError as error:
        problems.append(_not_usable("kafka_ssl_cafile", cafile, error))
    if certfile is not None:
        problems += _unusable_pair(context, settings, certfile)
    return problems


def _unusable_pair(context: ssl.SSLContext, settings: Settings, certfile: str) -> list[str]:
    name = "kafka_ssl_certfile" if settings.kafka_ssl_keyfile is None else "kafka_ssl_keyfile"
    key, stated = settings.kafka_ssl_keyfile or certfile, settings.kafka_ssl_key_password
    setting = variable("kafka_ssl_key_password")
    if is_encrypted(Path(key)) and stated is None:
        return [f"{variable(name)} names {key}, which is encrypted, and {setting} is not set."]
    password = "" if stated is None else stated.get_secret_value()
    try:
        context.load_cert_chain(certfile, settings.kafka_ssl_keyfile, password)
    except ssl.SSLError as error:
        if stated is not None and is_encrypted(Path(key)):
            return [f"{variable(name)} names {key}, which {setting} does not open."]
        return [_not_usable(name, key, error)]
    return []


def _not_usable(name: str, file: str | None, error: ssl.SSLError) -> str:
    why = error.reason or "it holds nothing in PEM form"
    return f"{variable(name)} names {file}, which cannot be used: {why}."


def _problem(file: Path) -> str:
    try:
        with small.opened(file) as opened:
            opened.read(1)
    except OSError as error:
        return error.strerror or type(error).__name__
    return ""
