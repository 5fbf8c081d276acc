"""Prints one delivered crash report as a person reads it, and fails unless every part is there.

Usage: show-report.py --database DIR --crashctl FILE [--server DIR]
  --database  the database that the report came from
  --crashctl  reads the dump
  --server    what the server received, as sentry-ingest writes it; the report is then printed from there
"""
import argparse
import json
import pathlib
import struct
import subprocess
import sys

SIGNALS = {
    "SIGABRT": "it aborted", "SIGBUS": "access to memory that is not there any more", "SIGFPE": "division by zero",
    "SIGILL": "an illegal instruction, which is how Swift traps", "SIGSEGV": "access to memory that is not its own",
    "SIGSYS": "a forbidden system call", "SIGTRAP": "a trap",
}


def unpack(data, at=0):
    """One value of MessagePack and the offset behind it."""
    def take(form, size):
        return struct.unpack_from(">" + form, data, at + 1)[0], at + 1 + size

    def items(count, start, pairs):
        values = []
        for _ in range(count * 2 if pairs else count):
            value, start = unpack(data, start)
            values.append(value)
        return (dict(zip(values[::2], values[1::2])) if pairs else values), start

    def text(length, start):
        return data[start:start + length].decode("utf-8", "replace"), start + length

    kind = data[at]
    if kind < 0x80:
        return kind, at + 1
    if kind < 0x90:
        return items(kind & 15, at + 1, True)
    if kind < 0xA0:
        return items(kind & 15, at + 1, False)
    if kind < 0xC0:
        return text(kind & 31, at + 1)
    if kind >= 0xE0:
        return kind - 256, at + 1
    if kind in (0xC0, 0xC2, 0xC3):
        return {0xC0: None, 0xC2: False, 0xC3: True}[kind], at + 1
    numbers = {0xCA: ("f", 4), 0xCB: ("d", 8), 0xCC: ("B", 1), 0xCD: ("H", 2), 0xCE: ("I", 4), 0xCF: ("Q", 8),
               0xD0: ("b", 1), 0xD1: ("h", 2), 0xD2: ("i", 4), 0xD3: ("q", 8)}
    if kind in numbers:
        return take(*numbers[kind])
    sized = {0xD9: ("B", 1, text), 0xDA: ("H", 2, text), 0xDB: ("I", 4, text), 0xC4: ("B", 1, text),
             0xC5: ("H", 2, text), 0xC6: ("I", 4, text)}
    if kind in sized:
        form, size, read = sized[kind]
        length, start = take(form, size)
        return read(length, start)
    if kind in (0xDC, 0xDD, 0xDE, 0xDF):
        count, start = take("H", 2) if kind in (0xDC, 0xDE) else take("I", 4)
        return items(count, start, kind >= 0xDE)
    raise ValueError(f"MessagePack type {kind:#x}")


def unpack_all(data):
    values, at = [], 0
    while at < len(data):
        value, at = unpack(data, at)
        values.append(value)
    return values


class Report:
    """The parts of one report, wherever they lie."""

    def __init__(self, arguments):
        self.missing = []
        database = pathlib.Path(arguments.database)
        dumps = sorted(database.glob("completed/*.dmp"))
        if len(dumps) != 1:
            raise SystemExit(f"error: {len(dumps)} delivered reports in {database}, not one")
        self.stored = dumps[0]
        metadata = self.stored.with_suffix(".meta").read_bytes()
        self.attempts = struct.unpack_from("<i", metadata, 4)[0]
        self.uploaded = bool(metadata[24] & 1)
        self.answer = metadata[32:].decode("utf-8", "replace").strip("\0\n ")
        self.fields, self.dump = {}, self.stored
        folder = database / "attachments" / self.stored.stem
        if arguments.server:
            self.dump, folder = self.received(pathlib.Path(arguments.server))
        event = self.packed(folder, "__sentry-event")
        self.event = event[0] if event else {}
        crumbs = self.event.get("breadcrumbs") or []
        crumbs = crumbs.get("values", []) if isinstance(crumbs, dict) else list(crumbs)
        for name in ("__sentry-breadcrumb1", "__sentry-breadcrumb2"):
            crumbs += self.packed(folder, name)
        self.breadcrumbs = sorted(crumbs, key=lambda crumb: str(crumb.get("timestamp", "")))

    def received(self, server):
        """The dump and the folder of the other files of the one request that carries a dump."""
        requests = [path.parent.parent for path in server.glob("[0-9]*/files/upload_file_minidump")]
        if len(requests) != 1:
            raise SystemExit(f"error: the server received {len(requests)} reports, not one")
        request = json.loads((requests[0] / "request.json").read_text())
        self.fields = json.loads((requests[0] / "fields.json").read_text())
        print(f"Received      {request['method']} {request['target']}")
        print(f"              {request['encoded_size']} bytes, {request['size']} unpacked")
        if not request["complete"]:
            self.missing.append("the end of the request")
        files = requests[0] / "files"
        dump = files / "upload_file_minidump"
        if dump.read_bytes() != self.stored.read_bytes():
            self.missing.append("a dump that is the same here and there")
        return dump, files

    @staticmethod
    def packed(folder, name):
        path = folder / name
        return unpack_all(path.read_bytes()) if path.is_file() else []

    def need(self, what, value):
        if not value:
            self.missing.append(what)
        return value


def run(crashctl, *arguments):
    result = subprocess.run([crashctl, *arguments], capture_output=True, timeout=120)
    if result.returncode != 0:
        raise SystemExit(f"error: crashctl {arguments[0]}: {result.stderr.decode(errors='replace')}")
    return json.loads(result.stdout)


def heading(text):
    print(f"\n{text}\n{'─' * len(text)}")


def frame_lines(frames, limit=40):
    for number, frame in enumerate(frames[:limit]):
        place = f"{frame['file']}:{frame['line']}" if frame.get("file") else (frame.get("module") or "")
        name = frame.get("symbol") or frame.get("symbol_raw") or frame["instruction"]
        marks = "".join(f" [{mark}]" for mark in ("inline", "async") if frame.get(mark))
        yield f"  {number:3}  {name}{marks}", f"       {place}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--database", required=True)
    parser.add_argument("--crashctl", required=True)
    parser.add_argument("--server")
    arguments = parser.parse_args()
    heading("Delivery")
    report = Report(arguments)
    need = report.need
    print(f"Answer        {need('an answer of the server', report.answer)}  (attempt {report.attempts})")
    need("the mark that it was uploaded", report.uploaded)
    print(f"Minidump      {report.stored}, {report.stored.stat().st_size} bytes")

    shown = run(arguments.crashctl, "show", str(report.dump), "--json")
    walked = run(arguments.crashctl, "stackwalk", str(report.dump), "--json")
    exception = need("the exception", shown.get("exception")) or {}
    event = report.event
    need("the event", event)

    heading("What happened")
    signal = str(exception.get("code_name"))
    print(f"Signal        {signal} / {exception.get('flags_name')}: {SIGNALS.get(signal, 'a signal')}")
    print(f"Address       {need('the fault address', exception.get('address'))}")
    exceptions = event.get("exception") or {}
    exceptions = exceptions.get("values", []) if isinstance(exceptions, dict) else exceptions
    message = next((value.get("value") for value in exceptions if value.get("value")), None)
    stack = next((value["stacktrace"]["frames"] for value in exceptions if value.get("stacktrace")), [])
    need("stacks in the event", any("Shop.price(of:)" in str(frame.get("function")) for frame in stack))
    print(f"Swift says    {str(need('the message of Swift', message)).strip()}")
    process = shown.get("process", {})
    print(f"Process       {process.get('pid')}, {len(shown['threads'])} threads, {len(shown['modules'])} modules")
    for key in ("release", "environment", "event_id"):
        print(f"{key.capitalize():13} {need(key, event.get(key))}")

    threads = walked["threads"]
    crashed = next((thread for thread in threads if thread["crashed"]), None)
    need("the crashed thread", crashed)
    heading(f"Thread {crashed['id']} “{crashed['name']}”, crashed" if crashed else "Crashed thread")
    for line, place in frame_lines(crashed["frames"] if crashed else []):
        print(line)
        print(place)
    names = [str(frame.get("symbol")) for frame in (crashed or {}).get("frames", [])]
    need("a Swift function with its name in the crashed thread", any("Shop.price(of:)" in name for name in names))
    need("the caller of the task", any("Shop.handle(order:)" in name for name in names))

    heading("Other threads")
    others = [thread for thread in threads if not thread["crashed"]]
    for thread in others:
        top = [frame.get("symbol") or frame["instruction"] for frame in thread["frames"][:3]]
        print(f"  {thread['id']}  {str(thread['name']):16} {' ← '.join(top)}")
    need("the other threads, by name", {"price-refresh", "order-queue"} <= {thread["name"] for thread in others})

    heading("Scope")
    tags = event.get("tags") or {}
    tags = dict(tags) if isinstance(tags, list) else tags
    for name in sorted(tags):
        print(f"  tag   {name} = {tags[name]}")
    need("the tags", tags.get("region") == "eu-central" and tags.get("department") == "books")
    user = event.get("user") or {}
    print(f"  user  {user}")
    need("the user", str(user.get("id")) == "42")

    heading("Breadcrumbs")
    for crumb in report.breadcrumbs:
        print(f"  {crumb.get('timestamp')}  {crumb.get('category')}: {crumb.get('message')}")
    need("the breadcrumbs, all seven", len([c for c in report.breadcrumbs if c.get("category") == "shop.order"]) == 7)

    if report.missing:
        print("\nerror: missing in the report: " + "; ".join(report.missing), file=sys.stderr)
        raise SystemExit(1)
    print("\nEvery part arrived.")


main()
