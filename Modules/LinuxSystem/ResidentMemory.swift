// Provides what a process that only waits gives back.
internal import CLinuxShims

/// Memory that a process which waits for hours does not need meanwhile, and the machine could use.
public enum ResidentMemory {
  /// Gives back the heap's free pages, and takes what was read of the program and its libraries out of this process's
  /// tables: it stays in the kernel's cache of files, and comes back when it is used, some pages at a time.
  ///
  /// Nothing that was written is touched, but for breakpoints of a debugger in this process: they are lost. One thread at
  /// a time. `MADV_DONTNEED` of madvise(2), malloc_trim(3).
  public static func release() { resident_release() }
}
