"""Reads dumps with rust-minidump. Usage: read_stackwalk.py MINIDUMP-STACKWALK DUMP..."""
import json
import subprocess
import sys


def read(program, path):
    process = subprocess.run([program, "--json", path], capture_output=True, timeout=60)
    if process.returncode != 0:
        return {"error": process.stderr.decode(errors="replace").strip() or f"status {process.returncode}"}
    state = json.loads(process.stdout)
    crashed = state.get("crashing_thread")
    crash = None
    if crashed is not None and state["crash_info"]["type"]:
        crash = {
            "thread": crashed["thread_id"],
            "signal": state["crash_info"]["type"].split(" ")[0],
            "address": hex(int(state["crash_info"]["address"], 16)),
        }
    registers = {}
    if crashed is not None and crashed["frames"]:
        known = crashed["frames"][0].get("registers") or {}
        registers = {name: hex(int(value, 16)) for name, value in known.items()}
    return {
        "os": state["system_info"]["os"].lower(),
        "cpu": state["system_info"]["cpu_arch"],
        "process": state["pid"],
        "crash": crash,
        "threads": [
            {
                "id": thread["thread_id"],
                "name": thread["thread_name"],
                "registers": registers if crashed and thread["thread_id"] == crashed["thread_id"] else {},
            }
            for thread in state["threads"]
        ],
        "frames": [hex(int(frame["offset"], 16)) for frame in crashed["frames"]] if crashed else [],
        "modules": [
            {
                "name": module["filename"],
                "base": hex(int(module["base_addr"], 16)),
                "size": int(module["end_addr"], 16) - int(module["base_addr"], 16),
                "debug_id": module["debug_id"],
            }
            for module in state["modules"]
        ],
    }


for dump in sys.argv[2:]:
    print(json.dumps({"file": dump, **read(sys.argv[1], dump)}))
