"""The only parser of PostgreSQL URLs: from a URL to libpq's keywords and values.

Nothing else parses such a URL: where two parsers differ, the rest of a password becomes a host. So
what two could read differently is refused, and no message repeats any part of the URL.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import unquote

from sync_worker.errors import Exit, UserError
from sync_worker.files import secret_files
from sync_worker.remedies import Remedy

SCHEMES = ("postgresql://", "postgresql+psycopg://")

_SERVER = re.compile(
    r"(?P<host>\[[0-9A-Fa-f:.]+(?:%25[A-Za-z0-9_.~-]+)?\]|[^:\[\]]*)(?::(?P<port>[0-9]{0,5}))?"
)
_LOOSE_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_PORTS = range(1, 65_536)
_ENCODE = "write it percent-encoded, as in %40 for @"
_NOWHERE = "/dev/null"
_NOT_FILES = ("system", _NOWHERE)
_HOME = Path("~/.postgresql")
_FILES = ("sslrootcert", "sslcert", "sslkey", "sslcrl")
_CERTIFICATES = ("sslrootcert", "sslcert")
_SECRETS = ("password", "sslpassword", "oauth_client_secret", "scram_client_key")


class UnusableConnection(UserError):
    """The parameters of a connection cannot work; `str` gives the cause, without a secret."""

    def __init__(self, cause: str) -> None:
        super().__init__(
            Exit.USAGE,
            f"The database cannot be connected to: {cause}.",
            why="What the database's URL or a PG… variable asks for is not there.",
            hint=Remedy.CORRECT_DATABASE_FILES(),
            code="configuration",
        )
        self.cause = cause

    def __str__(self) -> str:
        return self.cause


def is_postgresql(url: str) -> bool:
    """Whether a URL is one of PostgreSQL; otherwise it is one of SQLite."""
    return url.startswith(SCHEMES)


def parse_url(url: str) -> dict[str, str]:
    """The URL's parameters by libpq's keywords; several hosts and ports with commas, as in libpq.

    Raises:
        ValueError: the URL is empty or ambiguous; the message repeats nothing of it.
    """
    _check_unambiguous(url)
    _, _, rest = url.partition("://")
    rest, _, query = rest.partition("?")
    authority, _, database = rest.partition("/")
    userinfo, _, servers = authority.rpartition("@")
    user, _, password = userinfo.partition(":")
    if re.search(r"[:\[\]]", password) or re.search(r"[\[\]]", user):
        raise ValueError(f"a character : [ or ] is in its user or password; {_ENCODE}")
    parameters = {
        "user": _decoded(user, "its user"),
        "password": _decoded(password, "its password"),
        **_servers(servers),
        "dbname": _decoded(database, "its database"),
    }
    given = {keyword: value for keyword, value in parameters.items() if value}
    given |= _options(query)
    if not given:
        raise ValueError("it names no server and no database")
    return given


def require_options(parameters: Mapping[str, str]) -> None:
    """Raise ValueError for options that libpq refuses, those of its own variables included.

    libpq itself is asked, to connect to servers that cannot exist: it checks its options first.
    """
    try:
        from psycopg import ProgrammingError, pq  # noqa: PLC0415 - slow, and not for SQLite
        from psycopg.conninfo import make_conninfo  # noqa: PLC0415
    except ModuleNotFoundError:
        return  # opening the database reports it
    for port in filter(None, parameters.get("port", "").split(",")):
        if not port.isdecimal() or int(port) not in _PORTS:
            raise ValueError("one of its ports is not valid")
    count = parameters.get("host", "").count(",") + 1
    nowhere = {"host": ",".join([_NOWHERE] * count), "hostaddr": ""}
    try:
        conninfo = make_conninfo("", **{**parameters, **nowhere})
    except ProgrammingError:
        raise ValueError("it has an option that PostgreSQL's client does not know") from None
    connection = pq.PGconn.connect_start(conninfo.encode())
    said = connection.error_message.decode(errors="replace")
    connection.finish()
    if _NOWHERE not in said:
        why = re.sub(r'"[^"]*"', "…", said).strip().removesuffix(": …")
        raise ValueError(f"PostgreSQL's client refuses it: {why}")


def with_client_defaults(parameters: Mapping[str, str]) -> dict[str, str]:
    """The parameters, completed from libpq's own variables (such as PGSSLMODE) and its defaults.

    What a service file sets is known to libpq alone.
    """
    from psycopg import pq  # noqa: PLC0415 - slow, and not for SQLite

    defaults = ((option.keyword, option.val) for option in pq.Conninfo.get_defaults())
    return {key.decode(): value.decode() for key, value in defaults if value} | dict(parameters)


def require_files(parameters: Mapping[str, str]) -> None:
    """Raise UnusableConnection where a file that a connection needs cannot be read.

    libpq itself treats some missing files as not set, and then checks less than it was told to.
    """
    given = with_client_defaults(parameters)
    for keyword in _FILES:
        file = given.get(keyword)
        is_on_token = keyword == "sslkey" and ":" in (file or "")
        if file is not None and file not in _NOT_FILES and not is_on_token:
            _require_file(keyword, Path(file))
    is_verifying = given["sslmode"].startswith("verify-")
    if is_verifying and "sslrootcert" not in given:
        _require_file("sslrootcert, which is not set,", _HOME / "root.crt")
    from sync_worker.files import tls_files  # noqa: PLC0415 - slow, and not for SQLite

    for keyword in _CERTIFICATES:
        file = given.get(keyword)
        if file is not None and file not in _NOT_FILES:
            _require_certificate(keyword, Path(file))
    if revocations := given.get("sslcrl"):
        _require_revocations(Path(revocations))
    key = _at_home(Path(given.get("sslkey") or _HOME / "postgresql.key"))
    if tls_files.is_encrypted(key):
        certificate = _at_home(Path(given.get("sslcert") or _HOME / "postgresql.crt"))
        _require_pass_phrase(key, certificate, given.get("sslpassword"))


def files_of(parameters: Mapping[str, str], environ: Mapping[str, str]) -> Iterator[str]:
    """The files that a connection needs, by its parameters or by libpq's own variables."""
    named = (parameters.get(name) or environ.get(f"PG{name.upper()}") for name in _FILES)
    return (file for file in named if file and file not in _NOT_FILES)


def _require_certificate(keyword: str, file: Path) -> None:
    """Else libpq says so, each time that it tries to connect, of a login that is refused."""
    from sync_worker.files import tls_files  # noqa: PLC0415 - slow, and not for SQLite

    if (why := tls_files.certificate_problem(_at_home(file))) is not None:
        raise UnusableConnection(f"{keyword} names {file}, which cannot be used: {why}")


def _require_revocations(file: Path) -> None:
    """Else libpq says nothing, and takes a server whose certificate is revoked."""
    from sync_worker.files import tls_files  # noqa: PLC0415 - slow, and not for SQLite

    if (why := tls_files.revocations_problem(_at_home(file))) is not None:
        raise UnusableConnection(f"sslcrl names {file}, which cannot be used: {why}")


def _require_pass_phrase(key: Path, certificate: Path, pass_phrase: str | None) -> None:
    """Else libpq says that the key cannot be decrypted, each time that it tries to connect."""
    import ssl  # noqa: PLC0415 - slow, and few keys are encrypted

    if not pass_phrase:
        raise UnusableConnection(
            f"the private key {key} is encrypted, and sslpassword=…, its pass phrase, is not set"
        )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_cert_chain(certificate, key, pass_phrase)
    except ssl.SSLError as error:
        if error.reason != "KEY_VALUES_MISMATCH":
            raise UnusableConnection(f"sslpassword=… does not open the private key {key}") from None
    except OSError:  # there is no certificate: libpq says so, if the server wants one
        pass


def masked(url: str, mask: str) -> str:
    """A valid URL with its secrets masked."""
    before, slashes, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    if "@" in authority:
        userinfo, _, servers = authority.partition("@")
        user, colon, _ = userinfo.partition(":")
        authority = f"{user}{colon}{mask if colon else ''}@{servers}"
    shown = f"{before}{slashes}{authority}{slash}{path}"
    return re.sub(rf"([?&](?:{'|'.join(_SECRETS)})=)[^&]*", rf"\g<1>{mask}", shown)


def _check_unambiguous(url: str) -> None:
    rest = url.partition("://")[2]
    authority = re.split(r"[/?]", rest, maxsplit=1)[0]
    if "#" in rest or rest.count("@") > authority.count("@") or authority.count("@") > 1:
        raise ValueError(
            f"a character @ / ? or # can be read in two ways; {_ENCODE}, where it is part of a "
            "user, a password or a name"
        )
    if _LOOSE_PERCENT.search(rest):
        raise ValueError("it has a % that encodes nothing; write it percent-encoded: %25")


def _servers(servers: str) -> dict[str, str]:
    """Hosts and ports, one of each for each server; empty where libpq's defaults apply."""
    hosts, ports = [], []
    for server in map(_SERVER.fullmatch, servers.split(",")):
        if server is None or int(server["port"] or 1) not in _PORTS:
            raise ValueError(
                "its host or port cannot be read; write special characters of a user or a "
                "password percent-encoded"
            )
        hosts.append(_decoded(server["host"].strip("[]"), "its host"))
        ports.append(server["port"] or "")
    return {
        "host": ",".join(hosts) if any(hosts) else "",
        "port": ",".join(ports) if any(ports) else "",
    }


def _options(query: str) -> Iterator[tuple[str, str]]:
    """The parameters after the question mark, each keyword once."""
    seen: set[str] = set()
    for pair in query.split("&") if query else ():
        keyword, equals, value = pair.partition("=")
        if not keyword or not equals or "=" in value or "+" in value or "?" in value:
            raise ValueError(
                "what follows ? is not KEYWORD=VALUE, separated by &; write special characters "
                "percent-encoded, a blank as %20"
            )
        if keyword in seen:
            # Anything but a keyword could be a part of a secret.
            name = keyword if re.fullmatch(r"[a-z_]{1,40}", keyword) else "an option"
            raise ValueError(f"it has {name} twice; several hosts are separated by commas")
        seen.add(keyword)
        is_jdbc_style = (keyword, value) == ("ssl", "true")  # which libpq understands, too
        yield ("sslmode", "require") if is_jdbc_style else (keyword, _decoded(value, "an option"))


def _decoded(text: str, part: str) -> str:
    try:
        decoded = unquote(text, errors="strict")
    except UnicodeDecodeError:
        raise ValueError(f"{part} is not percent-encoded UTF-8") from None
    if not decoded.isprintable():
        raise ValueError(f"{part} has a control character")
    return decoded


def _at_home(file: Path) -> Path:
    try:
        return file.expanduser()
    except RuntimeError:  # this user has no home directory; libpq does not look for one either
        return file


def _require_file(keyword: str, file: Path) -> None:
    try:
        with secret_files.open_regular(_at_home(file)) as opened:
            opened.read(1)
    except OSError as error:
        raise UnusableConnection(
            f"{keyword} names {file}, which cannot be read: {error.strerror}"
        ) from None
