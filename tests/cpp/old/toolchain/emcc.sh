#!/bin/bash
exec "$EMSCRIPTEN/emcc.py" "$@"
