"""Normalises an event as Relay does and prints what it objects to: a JSON object of paths and errors.

Usage: normalize_relay.py EVENT.json
"""
import json
import sys

from sentry_relay.processing import StoreNormalizer


def errors(meta, path=""):
    """`_meta` mirrors the event; under the key "" are an item's own errors and remarks."""
    found = {}
    if isinstance(meta, dict):
        own = meta.get("")
        if isinstance(own, dict) and own.get("err"):
            found[path] = own["err"]
        for key, value in meta.items():
            if key:
                found.update(errors(value, f"{path}.{key}" if path else key))
    return found


with open(sys.argv[1]) as file:
    event = json.load(file)
result = StoreNormalizer(project_id=1, received_at="2026-11-25T12:00:00Z", is_renormalize=False).normalize_event(event)
frames = [
    frame.get("function")
    for exception in (result.get("exception") or {}).get("values") or []
    for frame in ((exception or {}).get("stacktrace") or {}).get("frames") or []
]
print(json.dumps({
    "errors": errors(result.get("_meta") or {}),
    "type": result.get("type"),
    "frames": frames,
    "images": len((result.get("debug_meta") or {}).get("images") or []),
    "threads": len((result.get("threads") or {}).get("values") or []),
}))
