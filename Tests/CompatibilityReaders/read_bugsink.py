"""Prints the events in the database of a Bugsink that Scripts/peers.d/bugsink serves: one JSON list.

Usage: read_bugsink.py FOLDER
"""

import json
import sqlite3
import sys


def values(event, key):
    """The list of an interface that stands in the event as such or under "values"."""
    found = event.get(key) or []
    return (found.get("values") or []) if isinstance(found, dict) else found


def frames(event):
    """Function names (or addresses) of the first exception with a stack, innermost first."""
    for value in values(event, "exception"):
        listed = (value.get("stacktrace") or {}).get("frames") or []
        if listed:
            return [f.get("function") or f.get("instruction_addr") for f in reversed(listed)]
    return []


def main(folder):
    database = sqlite3.connect(f"file:{folder}/db.sqlite3?mode=ro", uri=True, timeout=10)
    database.row_factory = sqlite3.Row
    rows = database.execute("SELECT * FROM events_event ORDER BY project_digest_order")
    result = []
    for row in rows:
        event = json.loads(row["data"])
        result.append(
            {
                "event_id": event.get("event_id"),
                "issue": row["issue_id"],
                "level": row["level"],
                "platform": row["platform"],
                "title": row["calculated_type"],
                "value": row["calculated_value"],
                "release": row["release"],
                "environment": row["environment"],
                "frames": frames(event),
                "threads": len((event.get("threads") or {}).get("values") or []),
                "exceptions": [e.get("value") or "" for e in values(event, "exception")],
                "breadcrumbs": [b.get("message") or b.get("category") for b in values(event, "breadcrumbs")],
                "images": [i.get("code_file") for i in (event.get("debug_meta") or {}).get("images") or []],
                "extra": {k: v for k, v in (event.get("extra") or {}).items() if isinstance(v, str)},
                "tags": dict(event["tags"]) if isinstance(event.get("tags"), dict) else {},
            }
        )
    json.dump(result, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1])
