// Provides libc's whole interface, in a way that agrees with what Swift's own modules of libc say. The module map puts
// this header before all others.
#ifndef GNU_SOURCE_H
#define GNU_SOURCE_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif

// The modules Dispatch and Glibc were built without _GNU_SOURCE, where a field of fd_set and of utsname has another name
// and an enumeration has a member less. The compiler refuses a program that sees both. These headers are read here as
// they read them, before any other; Scripts/check-headers finds such differences.
#include <features.h>
#pragma push_macro("__USE_XOPEN")
#pragma push_macro("__USE_GNU")
#undef __USE_XOPEN
#undef __USE_GNU
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/utsname.h>
#pragma pop_macro("__USE_GNU")
#pragma pop_macro("__USE_XOPEN")

#endif
