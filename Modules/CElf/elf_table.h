#ifndef CELF_TABLE_H
#define CELF_TABLE_H
#include <libelf.h>
#endif
