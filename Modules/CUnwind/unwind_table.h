#ifndef CUNWIND_TABLE_H
#define CUNWIND_TABLE_H
#include <libunwind-x86_64.h>
#endif
