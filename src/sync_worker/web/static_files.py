"""The style sheet: its name has a hash of its content, so browsers may keep it for ever."""

from hashlib import sha256
from importlib.resources import files

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

_STYLE = files("sync_worker.web").joinpath("static", "style.css").read_bytes()
STYLE_PATH = f"/static/style.{sha256(_STYLE).hexdigest()[:16]}.css"


async def _serve(request: Request) -> Response:
    if request.url.path != STYLE_PATH:
        raise HTTPException(404)
    forever = {"Cache-Control": "public, max-age=31536000, immutable"}
    return Response(_STYLE, media_type="text/css", headers=forever)


ROUTE = Route("/static/{name}", _serve)
