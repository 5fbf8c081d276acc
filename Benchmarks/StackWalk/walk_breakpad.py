"""Walks a dump with the Breakpad processor and names its frames with symbolic's caches.

Usage: walk_breakpad.py DUMP
Prints the milliseconds that walking and naming took once the caches were made, the frames, and those with a name.
"""
import sys
import time

from symbolic.debuginfo import Archive, SymCache
from symbolic.minidump import CfiCache, FrameInfoMap, ProcessState

dump = sys.argv[1]
information, symbols = FrameInfoMap.new(), {}
for module in ProcessState.from_minidump(dump).modules():
    try:
        for archived in Archive.open(module.code_file).iter_objects():
            information.add(module.debug_id, CfiCache.from_object(archived))
            symbols[module.addr] = SymCache.from_object(archived)
    except Exception:
        # The vDSO has no file.
        continue
start = time.perf_counter()
state = ProcessState.from_minidump(dump, information)
total = named = 0
for thread in state.threads():
    for frame in thread.frames():
        total += 1
        module = frame.module
        cache = symbols.get(module.addr) if module else None
        if cache is not None and cache.lookup(frame.instruction - module.addr):
            named += 1
print((time.perf_counter() - start) * 1000, total, named)
