"""Reads dumps with PyPI's minidump. Usage: read_minidump.py DUMP..."""
import json
import logging
import signal
import sys

from minidump.minidumpfile import MinidumpFile

# It always reports that a Linux process has no PEB.
logging.disable(logging.CRITICAL)
REGISTERS = ["Rax", "Rbx", "Rcx", "Rdx", "Rsi", "Rdi", "Rbp", "Rsp", "Rip"] + [f"R{n}" for n in range(8, 16)]


def read(path):
    state = MinidumpFile.parse(path)
    crash = None
    if state.exception is not None:
        record = state.exception.exception_records[0]
        code = record.ExceptionRecord.ExceptionCode_raw
        crash = {
            "thread": record.ThreadId,
            "signal": signal.Signals(code).name if code in set(signal.Signals) else hex(code),
            "address": hex(record.ExceptionRecord.ExceptionAddress),
        }
    return {
        "os": "linux" if "LINUX" in str(state.sysinfo.PlatformId) else str(state.sysinfo.PlatformId),
        "cpu": str(state.sysinfo.ProcessorArchitecture.name).lower(),
        "process": state.misc_info.ProcessId if state.misc_info else None,
        "crash": crash,
        "threads": [
            {
                "id": thread.ThreadId,
                "registers": {
                    name.lower(): hex(getattr(thread.ContextObject, name))
                    for name in REGISTERS
                    if thread.ContextObject is not None
                },
            }
            for thread in state.threads.threads
        ],
        "frames": None,
        "modules": [
            {"name": module.name, "base": hex(module.baseaddress), "size": module.size, "debug_id": None}
            for module in state.modules.modules
        ],
    }


for dump in sys.argv[1:]:
    try:
        result = read(dump)
    except Exception as error:
        result = {"error": repr(error)}
    print(json.dumps({"file": dump, **result}))
