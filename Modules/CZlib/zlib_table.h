#ifndef CZLIB_TABLE_H
#define CZLIB_TABLE_H
#include <zlib.h>
#endif
