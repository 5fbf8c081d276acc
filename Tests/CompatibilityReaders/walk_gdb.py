"""Run inside gdb: prints the machine frames of the selected thread, one a line: address and name."""
import gdb

# Inlined functions and tail calls leave nothing on the stack: gdb makes their frames up out of DWARF.
made_up = (gdb.INLINE_FRAME, gdb.TAILCALL_FRAME)
frame = gdb.newest_frame()
while frame is not None:
    if frame.type() not in made_up:
        print("FRAME %#x %s" % (frame.pc(), frame.name()))
    try:
        frame = frame.older()
    except gdb.error:
        break
