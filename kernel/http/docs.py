"""/docs: Swagger UI from the installed package, nothing from elsewhere. It shows the tenant whose token it is given."""

from __future__ import annotations

from pathlib import Path

from fastapi import Request, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from swagger_ui_bundle import swagger_ui_path  # type: ignore[import-untyped]

_PAGE = """<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <title>Bos API</title>
  <link rel="stylesheet" href="/docs/static/swagger-ui.css">
  <link rel="icon" href="/docs/static/favicon-32x32.png">
</head>
<body>
  <div id="docs"></div>
  <script src="/docs/static/swagger-ui-bundle.js"></script>
  <script src="/docs/start.js"></script>
</body>
</html>
"""
# The bundled Swagger UI reads OpenAPI up to 3.0. A token given to "Authorize" loads the tenant's own description.
_START = """"use strict";
let token = "";
const description = "/api/v1/openapi.json?version=3.0";
const reload = (original, system) => (payload) => {
  token = payload.bearer?.value ?? "";
  const result = original(payload);
  system.specActions.download(description);
  return result;
};
SwaggerUIBundle({
  dom_id: "#docs",
  url: description,
  docExpansion: "none",
  validatorUrl: null,
  requestInterceptor: (request) => {
    if (token && new URL(request.url, location.href).origin === location.origin) {
      request.headers.Authorization = "Bearer " + token;
    }
    return request;
  },
  plugins: [{ statePlugins: { auth: { wrapActions: { authorize: reload } } } }],
});
"""
_HEADERS = {
    "content-security-policy": "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
}


async def show_page(request: Request) -> Response:
    return Response(_PAGE, headers=_HEADERS, media_type="text/html")


async def show_start(request: Request) -> Response:
    return Response(_START, media_type="text/javascript")


def docs_routes() -> list[BaseRoute]:
    """The page, its script, and the package's files."""
    return [
        Route("/docs", show_page),
        Route("/docs/start.js", show_start),
        Mount("/docs/static", StaticFiles(directory=Path(str(swagger_ui_path)))),
    ]
