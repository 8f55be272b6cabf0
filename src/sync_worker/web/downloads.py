"""Lists as files: a csv whose rows are sent as they come, under a name of ours."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from starlette.responses import Response, StreamingResponse

from sync_worker.files import excel_csv
from sync_worker.web.rendering import TIME_ZONE


def csv(file_name: str, header: Sequence[str], rows: Iterable[Sequence[str]]) -> Response:
    """A csv to be downloaded. What the first row needs is read before anything is sent."""
    return StreamingResponse(
        excel_csv.written(header, rows),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{file_name}"'},
    )


def moment(at: datetime) -> str:
    """A moment in Swedish time, as spreadsheet programs know it: `2026-11-29 09:14:03`."""
    return at.astimezone(TIME_ZONE).strftime("%Y-%m-%d %H:%M:%S")
