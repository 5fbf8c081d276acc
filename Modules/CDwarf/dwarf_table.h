#ifndef CDWARF_TABLE_H
#define CDWARF_TABLE_H
#include <dwarf.h>
#endif
