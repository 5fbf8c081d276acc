"""Reads dumps inside LLDB: lldb-19 -b -o 'command script import read_lldb.py' -o 'read_dumps OUTPUT DUMP...'"""
import json
import shlex

import lldb

REGISTERS = ["rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp", "rip"] + [f"r{n}" for n in range(8, 16)]


def debug_id(uuid):
    """Breakpad's form: the first 16 bytes as a GUID (three little-endian fields), and the age 0."""
    digits = (uuid or "").replace("-", "").ljust(32, "0")
    if not uuid:
        return None
    swapped = [digits[6:8], digits[4:6], digits[2:4], digits[0:2], digits[10:12], digits[8:10], digits[14:16], digits[12:14]]
    return "".join(swapped) + digits[16:32] + "0"


def read(path):
    target = lldb.debugger.CreateTarget("")
    error = lldb.SBError()
    process = target.LoadCore(path, error)
    if not process.IsValid():
        lldb.debugger.DeleteTarget(target)
        return {"error": error.GetCString() or "not loaded"}
    threads, crash, frames = [], None, []
    for thread in process.threads:
        first = thread.GetFrameAtIndex(0)
        registers = {}
        for name in REGISTERS:
            value = first.FindRegister(name)
            if value.IsValid():
                registers[name] = hex(value.GetValueAsUnsigned())
        threads.append({"id": thread.GetThreadID(), "registers": registers})
        if crash is None and thread.GetStopReason() in (lldb.eStopReasonSignal, lldb.eStopReasonException):
            crash = {
                "thread": thread.GetThreadID(),
                "signal": process.GetUnixSignals().GetSignalAsCString(thread.GetStopReasonDataAtIndex(0)),
                # LLDB shows no fault address of a Linux dump.
                "address": None,
            }
            frames = [hex(frame.GetPC()) for frame in thread.frames]
    parts = target.GetTriple().split("-")
    result = {
        "os": parts[2] if len(parts) > 2 else None,
        "cpu": {"x86_64": "amd64", "aarch64": "arm64"}.get(parts[0], parts[0]),
        "process": process.GetProcessID(),
        "crash": crash,
        "threads": threads,
        "frames": frames,
        "modules": [
            {
                "name": module.GetFileSpec().fullpath,
                "base": hex(module.GetObjectFileHeaderAddress().GetLoadAddress(target)),
                "size": None,
                "debug_id": debug_id(module.GetUUIDString()),
            }
            for module in target.modules
        ],
    }
    lldb.debugger.DeleteTarget(target)
    return result


def read_dumps(debugger, command, result, internal):
    arguments = shlex.split(command)
    with open(arguments[0], "w") as output:
        for dump in arguments[1:]:
            output.write(json.dumps({"file": dump, **read(dump)}) + "\n")


def __lldb_init_module(debugger, internal):
    debugger.HandleCommand("command script add -f read_lldb.read_dumps read_dumps")
