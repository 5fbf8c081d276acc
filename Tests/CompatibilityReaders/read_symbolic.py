"""Reads dumps with the Breakpad processor. Usage: read_symbolic.py DUMP..."""
import json
import sys

from symbolic.minidump import ProcessState


def read(path):
    state = ProcessState.from_minidump(path)
    threads = list(state.threads())
    frames, registers = [], []
    for index, thread in enumerate(threads):
        walked = list(thread.frames())
        if index == state.requesting_thread:
            frames = [hex(frame.instruction) for frame in walked]
        known = walked[0].registers if walked else {}
        registers.append({name: hex(int(value, 16)) for name, value in known.items()})
    crash = None
    if state.crashed:
        crash = {
            "thread": threads[state.requesting_thread].thread_id,
            # "SIGSEGV /SEGV_MAPERR", "SIGILL /ILL_ILLOPN", or with the code as a number.
            "signal": state.crash_reason.split(" ")[0].rstrip("/"),
            "address": hex(state.crash_address),
        }
    return {
        "os": state.system_info.os_name.lower(),
        "cpu": state.system_info.cpu_family,
        "process": None,
        "crash": crash,
        "threads": [
            {"id": thread.thread_id, "registers": known} for thread, known in zip(threads, registers)
        ],
        "frames": frames,
        "modules": [
            {
                "name": module.code_file,
                "base": hex(module.addr),
                "size": module.size,
                "debug_id": module.debug_id.replace("-", "").upper() if module.debug_id else None,
            }
            for module in state.modules()
        ],
    }


for dump in sys.argv[1:]:
    try:
        result = read(dump)
    except Exception as error:
        result = {"error": repr(error)}
    print(json.dumps({"file": dump, **result}))
