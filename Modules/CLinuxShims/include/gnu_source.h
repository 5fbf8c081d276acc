// Provides libc's whole interface, in a way that agrees with what Swift's own modules of libc say. The module map puts
// this header before all others.
#ifndef GNU_SOURCE_H
#define GNU_SOURCE_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif

// The modules Dispatch and Glibc were built without _GNU_SOURCE, where the one field of fd_set has another name, and
// the compiler refuses a program that sees both. sys/select.h is read here as they read it, before any other header.
#include <features.h>
#pragma push_macro("__USE_XOPEN")
#undef __USE_XOPEN
#include <sys/select.h>
#pragma pop_macro("__USE_XOPEN")

#endif
