// Provides a sandbox by seccomp for the tests' programs.
#ifndef CONFINE_H
#define CONFINE_H

// System calls by name, separated by commas, that fail with EPERM in this thread and its descendants from now on, or that
// end the process. 0 or -1.
int confine_calls(const char *_Nonnull names, int deadly);

// From now on this thread is killed at any system call but write(2) and exit(2). 0 or -1.
int confine_to_writing(void);

// Ends this thread alone: exit(2).
void confine_exit_thread(void);

// Covers /proc for this process and its descendants from now on. 0 or -1. Needs root.
int confine_hide_proc(void);

#endif
