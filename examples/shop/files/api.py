#!/usr/bin/env python3
"""The shop's api, as small as it can be: answers its health check and an empty list of orders."""

import http.server
import os
import sys


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == os.environ.get("HEALTH_PATH", "/isalive"):
            status, body = 200, b"alive\n"
        elif self.path == "/orders":
            status, body = 200, b"[]\n"
        else:
            status, body = 404, b"no such thing\n"
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


port = int(sys.argv[sys.argv.index("--port") + 1])
http.server.HTTPServer(("0.0.0.0", port), Handler).serve_forever()
