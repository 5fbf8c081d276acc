"""Prints every stream of a dump that PyPI's minidump knows, field by field: one JSON object. Usage: read_streams.py DUMP"""
import json
import logging
import sys

from minidump.minidumpfile import MinidumpFile

# It always reports that a Linux process has no PEB.
logging.disable(logging.CRITICAL)


def number(value):
    """The number behind an enumeration."""
    return value if isinstance(value, int) and not hasattr(value, "value") else getattr(value, "value", value)


def descriptor(memory):
    location = memory.Memory if hasattr(memory, "Memory") else memory.MemoryLocation
    return [memory.StartOfMemoryRange, location.DataSize]


def main(path):
    dump = MinidumpFile.parse(path)
    result = {}
    if dump.threads:
        result["threads"] = [
            [t.ThreadId, t.SuspendCount, t.PriorityClass, t.Priority, t.Teb] + descriptor(t.Stack)
            for t in dump.threads.threads
        ]
    if dump.threads_ex:
        result["threads_ex"] = [
            [t.ThreadId] + descriptor(t.Stack) + descriptor(t.BackingStore) for t in dump.threads_ex.threads
        ]
    if dump.thread_info:
        result["thread_info"] = [
            [t.ThreadId, number(t.DumpFlags), t.DumpError, t.ExitStatus, t.CreateTime, t.ExitTime, t.KernelTime]
            + [t.UserTime, t.StartAddress, t.Affinity]
            for t in dump.thread_info.infos
        ]
    result["modules"] = [[m.name, m.baseaddress, m.size, m.checksum, m.timestamp] for m in dump.modules.modules]
    if dump.unloaded_modules:
        result["unloaded"] = [[m.name, m.baseaddress, m.size] for m in dump.unloaded_modules.modules]
    result["memory"] = [[m.start_virtual_address, m.size] for m in dump.memory_segments.memory_segments]
    if dump.memory_segments_64:
        result["memory64"] = [[m.start_virtual_address, m.size] for m in dump.memory_segments_64.memory_segments]
    if dump.memory_info:
        result["memory_info"] = [
            [m.BaseAddress, m.AllocationBase, number(m.AllocationProtect), m.RegionSize, number(m.State)]
            + [number(m.Protect), number(m.Type)]
            for m in dump.memory_info.infos
        ]
    if dump.exception:
        record = dump.exception.exception_records[0]
        inner = record.ExceptionRecord
        result["exception"] = [
            record.ThreadId, inner.ExceptionCode_raw, inner.ExceptionFlags, inner.ExceptionRecord,
            inner.ExceptionAddress, inner.ExceptionInformation[: inner.NumberParameters],
        ]
    if dump.handles:
        result["handles"] = [
            [h.Handle, h.TypeName, h.ObjectName, h.Attributes, h.GrantedAccess, h.HandleCount, h.PointerCount]
            for h in dump.handles.handles
        ]
    if dump.misc_info:
        m = dump.misc_info
        result["misc"] = [
            m.ProcessId, m.ProcessCreateTime, m.ProcessUserTime, m.ProcessKernelTime, m.ProcessorMaxMhz,
            m.ProcessorCurrentMhz, m.ProcessorMhzLimit, m.ProcessorMaxIdleState, m.ProcessorCurrentIdleState,
        ]
    if dump.sysinfo:
        s = dump.sysinfo
        result["system"] = [
            s.ProcessorArchitecture.name, s.ProcessorLevel, s.ProcessorRevision, s.NumberOfProcessors, s.MajorVersion,
            s.MinorVersion, s.BuildNumber, number(s.SuiteMask), s.CSDVersion,
        ]
    if dump.comment_a:
        result["comment_a"] = dump.comment_a.data
    if dump.comment_w:
        result["comment_w"] = dump.comment_w.data
    # Six bytes at addresses of a stack, of the list and of the 64-bit list.
    segments = list(dump.memory_segments.memory_segments)
    if dump.memory_segments_64:
        segments += dump.memory_segments_64.memory_segments
    result["bytes"] = [
        segment.read(address, 6, dump.file_handle).hex()
        for address in (0x7FFF00000010, 0x100004, 0x2000F0)
        for segment in segments
        if segment.inrange(address)
    ]
    print(json.dumps(result))


main(sys.argv[1])
