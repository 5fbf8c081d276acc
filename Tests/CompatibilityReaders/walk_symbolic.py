"""Walks the first thread of a dump with the Breakpad processor and call frame information made of the ELF files.

Usage: walk_symbolic.py DUMP BASE=FILE...
Prints a JSON list: [address, trust] of every frame, return addresses for all but the first.
"""
import json
import sys

from symbolic.debuginfo import Archive
from symbolic.minidump import CfiCache, FrameInfoMap, ProcessState

dump, files = sys.argv[1], dict(word.split("=", 1) for word in sys.argv[2:])
information = FrameInfoMap.new()
for module in ProcessState.from_minidump(dump).modules():
    path = files.get(hex(module.addr))
    if not path:
        continue
    try:
        for archived in Archive.open(path).iter_objects():
            information.add(module.debug_id, CfiCache.from_object(archived))
    except Exception as error:
        print(f"{path}: {error!r}", file=sys.stderr)
state = ProcessState.from_minidump(dump, information)
thread = list(state.threads())[0]
print(json.dumps([[hex(frame.return_address if index else frame.instruction), str(frame.trust)]
                  for index, frame in enumerate(thread.frames())]))
